#include "runners/look/write_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <fstream>

#include "plots/report.h"
#include "results/atomic_file.h"
#include "runners/look/draw.h"

namespace faultline::runners {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kHistory = 30;       // runs of a trend
constexpr std::size_t kHeadBytes = 16384;  // of a report, in which its entry for the index stands

/// The newest complete runs on the same device, policy and model, up to `run`. Empty when there is none but it.
Expected<std::optional<plots::RunSet>> history_of(const results::Store& store, const std::string& reference) {
    FL_ASSIGN_OR_RETURN(const auto parsed, results::parse_run_reference(reference));
    FL_ASSIGN_OR_RETURN(const auto found, store.find(parsed));
    const results::RunInfo& newest = found.front();
    FL_ASSIGN_OR_RETURN(auto all, store.find(results::all_runs()));
    std::erase_if(all, [&](const results::RunInfo& r) {
        return r.state != results::RunState::kComplete || r.device != newest.device || r.policy != newest.policy ||
               r.model != newest.model || r.started_utc > newest.started_utc;
    });
    if (all.size() > kHistory) all.resize(kHistory);
    if (all.size() < 2) return std::optional<plots::RunSet>();
    FL_ASSIGN_OR_RETURN(
        auto set, plots::load_runs(store, "same device, policy and model", all, {.pattern = "", .latencies = false}));
    return std::optional(std::move(set));
}

Expected<plots::Report> plan(const ReportOptions& options) {
    FL_ASSIGN_OR_RETURN(const auto store, results::Store::open(options.database, results::Database::Mode::kExisting));
    plots::ReportInput input;
    FL_ASSIGN_OR_RETURN(input.run, plots::load(store, options.run, {}));
    if (!options.against.empty()) {
        FL_ASSIGN_OR_RETURN(input.against, plots::load(store, options.against, {}));
    }
    FL_ASSIGN_OR_RETURN(input.history, history_of(store, options.run));
    return plan_report(std::move(input));
}

std::string head_of(const fs::path& file) {
    std::ifstream in(file, std::ios::binary);
    std::string head(kHeadBytes, '\0');
    in.read(head.data(), static_cast<std::streamsize>(head.size()));
    head.resize(static_cast<std::size_t>(in.gcount()));
    return head;
}

/// Of every report in the folder, those of other programs included.
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
    FL_ASSIGN_OR_RETURN(const auto planned, plan(options));
    FL_ASSIGN_OR_RETURN(const auto svgs, draw_svgs(planned.pictures));
    const std::string html = report_html(planned, svgs);
    if (options.output.extension() == ".html") {
        FL_RETURN_IF_ERROR(results::write_file_atomically(options.output, html));
        return options.output;
    }

    std::error_code error;
    fs::create_directories(options.output, error);
    if (error) {
        return Error{ErrorKind::kUnavailable, fmt::format("{}: {}", options.output.string(), error.message())};
    }
    const fs::path file = options.output / file_name_of(planned.input);
    FL_RETURN_IF_ERROR(results::write_file_atomically(file, html));
    FL_RETURN_IF_ERROR(write_index(options.output));
    return file;
}

}  // namespace faultline::runners
