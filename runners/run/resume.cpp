#include "runners/run/resume.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/version.h"
#include "results/run_directory.h"
#include "results/store/export.h"
#include "runners/run/run_request.h"

namespace faultline::runners {
namespace {

using results::FamilyRecord;
using results::Json;
using results::RunInfo;

constexpr const char* kInterrupted = "interrupted";

Error cannot_resume(const RunInfo& run, const std::string& why, ErrorKind kind = ErrorKind::kBadInput) {
    return {kind, fmt::format("cannot resume run {}: {}", run.uid, why)};
}

/// As the process ended, or as its kill ended it.
FamilyRecord ended(FamilyRecord family) {
    if (family.state == "running") {
        family.state = kInterrupted;
        family.detail = "its run was killed";
    }
    return family;
}

}  // namespace

bool Earlier::failed() const {
    return std::any_of(families.begin(), families.end(),
                       [](const FamilyRecord& f) { return f.state != "ok" && f.state != kInterrupted; });
}

Expected<Earlier> load_earlier(const std::filesystem::path& database, const std::string& text) {
    FL_ASSIGN_OR_RETURN(results::RunReference reference, results::parse_run_reference(text));
    reference.whole_only = false;
    FL_ASSIGN_OR_RETURN(const results::Store store, results::Store::open(database, results::Database::Mode::kExisting));
    FL_ASSIGN_OR_RETURN(const RunInfo run, store.find_one(reference));
    if (run.state == results::RunState::kComplete) return cannot_resume(run, "it is complete");
    FL_ASSIGN_OR_RETURN(const Json request, store.request_of(run.id));
    if (request.is_null()) return cannot_resume(run, "it was imported");
    if (results::RunDirectory::is_being_built(run.work_directory)) {
        return cannot_resume(run, "it, or a program that it started, is still running", ErrorKind::kUnavailable);
    }

    Earlier earlier;
    earlier.run = run;
    Expected<RunOptions> options = parse_run_request(request);
    if (!options) return cannot_resume(run, options.error().message);
    earlier.options = *std::move(options);
    earlier.options.label = run.label;
    earlier.options.output = run.directory;
    FL_ASSIGN_OR_RETURN(earlier.report, results::report_of(store, run));
    FL_ASSIGN_OR_RETURN(earlier.done, store.benchmarks_of(run.id));
    FL_ASSIGN_OR_RETURN(const auto processes, store.processes_of(run.id));
    for (const results::StoredProcess& process : processes) {
        earlier.families.push_back(ended(process.family));
        earlier.seconds += process.family.seconds;
    }
    return earlier;
}

Status check_same_machine(const Earlier& earlier, const Json& facts) {
    if (!earlier.run) return {};
    const Json faultline = earlier.report.context.value("faultline", Json::object());
    if (const std::string begun_by = faultline.value("version", ""); begun_by != version()) {
        return cannot_resume(
            *earlier.run, fmt::format("faultline {} began it, and this is {}; start a new run", begun_by, version()));
    }
    for (const char* key : {"device", "device_kind", "driver_version", "policy", "model", "env_kernel_release"}) {
        const std::string before = earlier.report.context.value(key, "");
        const std::string now = facts.value(key, "");
        if (before != now) {
            return cannot_resume(*earlier.run,
                                 fmt::format("{} was \"{}\" and is \"{}\" now; start a new run", key, before, now));
        }
    }
    return {};
}

void leave_out(std::vector<Job>& jobs, const std::set<std::string>& done) {
    for (Job& job : jobs) {
        const double each = job.estimate / static_cast<double>(job.benchmarks.size());
        std::erase_if(job.benchmarks, [&](const std::string& name) { return done.contains(name); });
        job.estimate = each * static_cast<double>(job.benchmarks.size());
    }
    std::erase_if(jobs, [](const Job& job) { return job.benchmarks.empty(); });
}

Status end_cut_processes(results::Store& store, results::RunId run) {
    FL_ASSIGN_OR_RETURN(const auto processes, store.processes_of(run));
    for (const results::StoredProcess& process : processes) {
        if (process.family.state != "running") continue;
        FL_RETURN_IF_ERROR(store.end_process(process.id, ended(process.family)));
    }
    return {};
}

}  // namespace faultline::runners
