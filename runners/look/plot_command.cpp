#include <fmt/format.h>

#include <cstdio>

#include "plots/chart.h"
#include "runners/commands.h"
#include "runners/look/draw.h"

namespace faultline::runners {
namespace {

void list_charts() {
    for (const plots::Chart& chart : plots::charts()) {
        fmt::print("{:<20} {}\n{:<20} needs {}\n", chart.name, chart.shows, "", chart.needs);
        if (!chart.pattern.empty()) fmt::print("{:<20} of {} unless --benchmark says otherwise\n", "", chart.pattern);
    }
}

Status plot(const PlotOptions& options) {
    const plots::Chart* chart = plots::find_chart(options.chart);
    if (chart == nullptr) {
        return Error{ErrorKind::kBadInput, fmt::format("there is no chart '{}': --chart takes one of {}", options.chart,
                                                       plots::chart_names())};
    }
    if (options.runs.empty())
        return Error{ErrorKind::kBadInput, "plot: --run names the runs, as `faultline runs` does"};
    if (options.output.empty())
        return Error{ErrorKind::kBadInput, "plot: -o names the picture: FILE.svg, .png or .pdf"};
    const auto store = results::Store::open(options.database, results::Database::Mode::kExisting);
    if (!store) return store.error();
    const plots::LoadOptions load{
        .pattern = options.benchmark.empty() ? std::string(chart->pattern) : options.benchmark,
        .raw_samples = chart->raw_samples};
    std::vector<plots::RunSet> sets;
    for (const std::string& reference : options.runs) {
        auto set = plots::load(*store, reference, load);
        if (!set) return set.error();
        sets.push_back(*std::move(set));
    }
    const auto picture = chart->draw(sets, {});
    return picture ? draw(*picture, options.output) : Status(picture.error());
}

}  // namespace

int plot_command(const PlotOptions& options) {
    if (options.list) {
        list_charts();
        return kExitOk;
    }
    const Status status = plot(options);
    return status ? kExitOk : report_error(status.error());
}

}  // namespace faultline::runners
