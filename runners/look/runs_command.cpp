#include <fmt/format.h>

#include <cstdio>

#include "results/run_directory.h"
#include "results/store/store.h"
#include "runners/commands.h"

namespace faultline::runners {
namespace {

using results::Json;
using results::RunInfo;

constexpr std::size_t kShownDigits = 8;

/// "killed" is not stored, since nobody was left to store it.
std::string state_of(const RunInfo& run) {
    const bool cut =
        run.state == results::RunState::kRunning && !results::RunDirectory::is_being_built(run.work_directory);
    return cut ? "killed" : to_string(run.state);
}

Json to_json(const RunInfo& run) {
    return {{"run", run.uid},
            {"label", run.label},
            {"suite", run.suite},
            {"started_utc", run.started_utc},
            {"seconds", run.seconds},
            {"state", state_of(run)},
            {"directory", (run.work_directory.empty() ? run.directory : run.work_directory).string()},
            {"kernel", run.kernel},
            {"device", run.device},
            {"policy", run.policy},
            {"model", run.model},
            {"benchmarks", run.benchmarks},
            {"failed", run.failed}};
}

std::string or_dash(const std::string& text) { return text.empty() ? "-" : text; }

}  // namespace

int runs_command(const RunsOptions& options) {
    Expected<results::RunReference> reference =
        options.reference.empty() ? results::all_runs() : results::parse_run_reference(options.reference);
    if (!reference) return report_error(reference.error());
    reference->whole_only = false;
    const Expected<results::Store> store = results::Store::open(options.database, results::Database::Mode::kExisting);
    if (!store) return report_error(store.error());
    const Expected<std::vector<RunInfo>> runs = store->find(*reference);
    if (!runs) return report_error(runs.error());
    if (options.json) {
        Json all = Json::array();
        for (const RunInfo& run : *runs) all.push_back(to_json(run));
        fmt::print("{}\n", Json{{"runs", all}}.dump(2, ' ', false, Json::error_handler_t::replace));
        return kExitOk;
    }
    if (runs->empty()) {
        fmt::print("no run is stored in {}\n", options.database.string());
        return kExitOk;
    }
    fmt::print("{:<8} {:<20} {:<11} {:>5} {:>6} {:<9} {:<12} {:<20} {}\n", "run", "started (UTC)", "state", "bench",
               "failed", "suite", "label", "kernel", "device");
    for (const RunInfo& run : *runs) {
        const std::string policy = run.policy.empty() ? "" : ", " + run.policy;
        fmt::print("{:<8} {:<20} {:<11} {:>5} {:>6} {:<9} {:<12} {:<20} {}{}\n", run.uid.substr(0, kShownDigits),
                   run.started_utc, state_of(run), run.benchmarks, run.failed, or_dash(run.suite), or_dash(run.label),
                   or_dash(run.kernel), or_dash(run.device), policy);
    }
    return kExitOk;
}

}  // namespace faultline::runners
