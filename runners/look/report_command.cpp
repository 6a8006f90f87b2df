#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <fstream>

#include "plots/report.h"
#include "results/atomic_file.h"
#include "runners/commands.h"
#include "runners/look/draw.h"

namespace faultline::runners {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kHistory = 30;       // runs of a trend
constexpr std::size_t kHeadBytes = 16384;  // of a report, in which its entry for the index stands

/// The newest complete runs on the same device, policy and model, up to `run`. Empty when there is none but it.
Expected<std::optional<plots::RunSet>> history_of(const results::Store& store, const std::string& reference) {
    const auto parsed = results::parse_run_reference(reference);
    if (!parsed) return parsed.error();
    const auto found = store.find(*parsed);
    if (!found) return found.error();
    const results::RunInfo& newest = found->front();
    auto all = store.find(results::all_runs());
    if (!all) return all.error();
    std::erase_if(*all, [&](const results::RunInfo& r) {
        return r.state != results::RunState::kComplete || r.device != newest.device || r.policy != newest.policy ||
               r.model != newest.model || r.started_utc > newest.started_utc;
    });
    if (all->size() > kHistory) all->resize(kHistory);
    if (all->size() < 2) return std::optional<plots::RunSet>();
    auto set = plots::load_runs(store, "same device, policy and model", *all, {.pattern = "", .latencies = false});
    if (!set) return set.error();
    return std::optional(*std::move(set));
}

Expected<plots::Report> plan(const ReportOptions& options) {
    const auto store = results::Store::open(options.database, results::Database::Mode::kExisting);
    if (!store) return store.error();
    plots::ReportInput input;
    auto run = plots::load(*store, options.run, {});
    if (!run) return run.error();
    input.run = *std::move(run);
    if (!options.against.empty()) {
        auto against = plots::load(*store, options.against, {});
        if (!against) return against.error();
        input.against = *std::move(against);
    }
    auto history = history_of(*store, options.run);
    if (!history) return history.error();
    input.history = *std::move(history);
    return plan_report(std::move(input));
}

std::string head_of(const fs::path& file) {
    std::ifstream in(file, std::ios::binary);
    std::string head(kHeadBytes, '\0');
    in.read(head.data(), static_cast<std::streamsize>(head.size()));
    head.resize(static_cast<std::size_t>(in.gcount()));
    return head;
}

/// Of every report in the folder, whoever put it there.
Status write_index(const fs::path& directory) {
    std::vector<plots::ReportEntry> entries;
    std::error_code error;
    for (const auto& file : fs::directory_iterator(directory, error)) {
        if (file.path().extension() != ".html" || file.path().filename() == "index.html") continue;
        if (auto entry = plots::read_entry(file.path().filename(), head_of(file.path())))
            entries.push_back(*std::move(entry));
    }
    return results::write_file_atomically(directory / "index.html", plots::index_html(std::move(entries)));
}

/// "20260102T030405Z-3fa9c1d2.html", "...-against-8af676f2.html": the same report again replaces itself.
std::string file_name_of(const plots::ReportInput& input) {
    std::string name = input.run.runs.back().started_utc;
    std::erase_if(name, [](char c) { return c == '-' || c == ':'; });
    name += "-" + input.run.runs.back().uid.substr(0, 8);
    if (input.against) name += "-against-" + input.against->runs.back().uid.substr(0, 8);
    return name + ".html";
}

}  // namespace

Expected<fs::path> write_report(const ReportOptions& options) {
    if (options.run.empty())
        return Error{ErrorKind::kBadInput, "report: --run names the runs, as `faultline runs` does"};
    if (options.output.empty()) return Error{ErrorKind::kBadInput, "report: -o names a FILE.html or a directory"};
    const auto planned = plan(options);
    if (!planned) return planned.error();
    const auto svgs = draw_svgs(planned->pictures);
    if (!svgs) return svgs.error();
    const std::string html = report_html(*planned, *svgs);
    if (options.output.extension() == ".html") {
        if (Status s = results::write_file_atomically(options.output, html); !s) return s.error();
        return options.output;
    }

    std::error_code error;
    fs::create_directories(options.output, error);
    if (error) {
        return Error{ErrorKind::kUnavailable, fmt::format("{}: {}", options.output.string(), error.message())};
    }
    const fs::path file = options.output / file_name_of(planned->input);
    if (Status s = results::write_file_atomically(file, html); !s) return s.error();
    if (Status s = write_index(options.output); !s) return s.error();
    return file;
}

int report_command(const ReportOptions& options) {
    const Expected<fs::path> file = write_report(options);
    if (!file) return report_error(file.error());
    if (options.output.extension() != ".html") fmt::print("{}\n", file->string());
    return kExitOk;
}

}  // namespace faultline::runners
