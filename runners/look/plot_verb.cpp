#include <fmt/format.h>

#include <memory>

#include "plots/chart.h"
#include "runners/command/shared_options.h"
#include "runners/command/verb.h"
#include "runners/look/draw.h"

namespace faultline::runners {
namespace {

struct PlotOptions {
    bool list = false;  ///< of the charts; then nothing else counts
    std::string chart;
    std::vector<std::string> runs;  ///< a reference each: one set of runs of the picture
    std::string benchmark;          ///< a regular expression; empty: the chart's own
    std::filesystem::path output;   ///< .svg, .png or .pdf
    std::filesystem::path database = kDefaultDatabase;
};

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
    FL_ASSIGN_OR_RETURN(const results::Store store,
                        results::Store::open(options.database, results::Database::Mode::kExisting));
    const plots::LoadOptions load{
        .pattern = options.benchmark.empty() ? std::string(chart->pattern) : options.benchmark,
        .raw_samples = chart->raw_samples};
    std::vector<plots::RunSet> sets;
    for (const std::string& reference : options.runs) {
        FL_ASSIGN_OR_RETURN(plots::RunSet set, plots::load(store, reference, load));
        sets.push_back(std::move(set));
    }
    FL_ASSIGN_OR_RETURN(const plots::Picture picture, chart->draw(sets, {}));
    return draw(picture, options.output);
}

Action define(Options& options) {
    const auto given = std::make_shared<PlotOptions>();
    options.add_flag("--list", given->list, "list the charts, and what each needs");
    options.add("--chart", given->chart, "one of: " + plots::chart_names());
    options.add_repeated("--run", given->runs, "runs, as for `runs`: 'label:nightly last:10'; once for each set");
    options.add("--benchmark", given->benchmark, "only benchmarks whose name matches this regular expression");
    options.add("-o,--output", given->output, "FILE.svg, FILE.png or FILE.pdf; FILE.dat and FILE.gp go beside it");
    add_database(options, given->database);
    return [given](const Invocation&) {
        if (given->list) {
            list_charts();
            return kExitOk;
        }
        const Status status = plot(*given);
        return status ? kExitOk : report_error(status.error());
    };
}

}  // namespace

extern const Verb kPlot = {"plot", "draw a chart of stored runs", define};

}  // namespace faultline::runners
