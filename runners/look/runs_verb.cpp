#include <fmt/format.h>

#include <memory>

#include "results/run_directory.h"
#include "results/store/store.h"
#include "runners/command/shared_options.h"
#include "runners/command/verb.h"

namespace faultline::runners {
namespace {

using results::Json;
using results::RunInfo;

struct RunsOptions {
    std::vector<std::string> reference;  ///< empty: every run
    bool json = false;
    std::filesystem::path database = kDefaultDatabase;
};

constexpr std::size_t kShownDigits = 8;

/// "killed" is never stored: the process that would store it is dead. It shows by the lock that is gone.
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

Status list_runs(const RunsOptions& options) {
    FL_ASSIGN_OR_RETURN(results::RunReference reference,
                        options.reference.empty()
                            ? results::all_runs()
                            : results::parse_run_reference(fmt::format("{}", fmt::join(options.reference, " "))));
    reference.whole_only = false;
    FL_ASSIGN_OR_RETURN(const results::Store store,
                        results::Store::open(options.database, results::Database::Mode::kExisting));
    FL_ASSIGN_OR_RETURN(const std::vector<RunInfo> runs, store.find(reference));
    if (options.json) {
        Json all = Json::array();
        for (const RunInfo& run : runs) all.push_back(to_json(run));
        fmt::print("{}\n", Json{{"runs", all}}.dump(2, ' ', false, Json::error_handler_t::replace));
        return {};
    }
    if (runs.empty()) {
        fmt::print("no run is stored in {}\n", options.database.string());
        return {};
    }
    fmt::print("{:<8} {:<20} {:<11} {:>5} {:>6} {:<9} {:<12} {:<20} {}\n", "run", "started (UTC)", "state", "bench",
               "failed", "suite", "label", "kernel", "device");
    for (const RunInfo& run : runs) {
        const std::string policy = run.policy.empty() ? "" : ", " + run.policy;
        fmt::print("{:<8} {:<20} {:<11} {:>5} {:>6} {:<9} {:<12} {:<20} {}{}\n", run.uid.substr(0, kShownDigits),
                   run.started_utc, state_of(run), run.benchmarks, run.failed, or_dash(run.suite), or_dash(run.label),
                   or_dash(run.kernel), or_dash(run.device), policy);
    }
    return {};
}

Action define(Options& options) {
    const auto given = std::make_shared<RunsOptions>();
    options.add("reference", given->reference,
                "only these: an id, a directory, label:NAME, kernel:RELEASE, policy:NAME, last:N, or several");
    options.add_flag("--json", given->json, "as JSON");
    add_database(options, given->database);
    return [given](const Invocation&) {
        const Status status = list_runs(*given);
        return status ? kExitOk : report_error(status.error());
    };
}

}  // namespace

extern const Verb kRuns = {"runs", "list the stored runs, newest first", define};

}  // namespace faultline::runners
