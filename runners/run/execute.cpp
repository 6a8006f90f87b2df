#include "runners/run/execute.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "results/merge.h"
#include "results/store/benchmark_result.h"
#include "runners/system/subprocess.h"
#include "vocabulary/benchmark_name.h"
#include "vocabulary/environment_variables.h"

namespace faultline::runners {
namespace {

using results::BenchmarkReport;
using results::FamilyRecord;

ChildCommand command_of(const Job& job, const std::map<std::string, std::string>& environment,
                        const results::RunDirectory& directory) {
    ChildCommand command;
    // The report goes to a file, which survives a crash up to the last benchmark; standard output only shows progress.
    command.argv = {job.program,
                    "--benchmark_filter=" + exact_filter(job.benchmarks),
                    fmt::format("--benchmark_repetitions={}", job.repetitions),
                    fmt::format("--benchmark_min_time={}", job.min_time),
                    "--benchmark_out=" + directory.scratch_report().string(),
                    "--benchmark_out_format=json",
                    "--benchmark_format=json"};
    command.environment = environment;
    command.environment[env::kLatencyDirectory] = directory.latency_directory().string();
    command.time_limit = job.time_limit;
    return command;
}

std::string state_of(const ChildResult& child) {
    switch (child.end) {
        case ChildEnd::kExited:
            return child.code == 0 ? "ok" : "failed";
        case ChildEnd::kSignalled:
            return "crashed";
        case ChildEnd::kTimedOut:
            return "timed out";
        case ChildEnd::kInterrupted:
            return "interrupted";
        case ChildEnd::kStuck:
            break;
    }
    return "stuck";
}

/// Names of the benchmarks that reported, and how many of them failed or were skipped.
struct Tally {
    std::set<std::string> reported;
    std::size_t failed = 0;
    std::size_t skipped = 0;

    explicit Tally(const BenchmarkReport& report) {
        for (const results::BenchmarkResult& result : results::results_of(report)) {
            reported.insert(result.name);
            failed += result.failed() ? 1 : 0;
            skipped += result.skipped() ? 1 : 0;
        }
    }
};

/// What one finished process means: its record, and the part of the report that is its own.
struct Verdict {
    FamilyRecord record;
    results::PartialReport part;
};

Verdict judge(const Job& job, const ChildCommand& command, const ChildResult& child,
              const Expected<BenchmarkReport>& report) {
    Verdict verdict;
    FamilyRecord& record = verdict.record;
    record.family = job.family;
    record.command = command.argv;
    record.benchmarks = job.benchmarks.size();
    record.seconds = child.seconds;
    record.state = state_of(child);
    if (record.state != "ok") {
        const std::string said = last_line(child.err);
        record.detail = describe_end(child, command) + (said.empty() ? "" : ": " + said);
    }
    if (report) {
        verdict.part.report = *report;
    } else if (record.state == "ok") {
        record.state = "failed";
        record.detail = report.error().message;
    }
    const Tally tally(verdict.part.report);
    record.failed = tally.failed;
    record.skipped = tally.skipped;
    // What an interrupt kept from running did not fail.
    if (record.state != "interrupted") {
        verdict.part.expected = job.benchmarks;
        verdict.part.failure = record.state == "ok" ? "" : record.state + ": " + record.detail;
        record.failed += static_cast<std::size_t>(
            std::count_if(job.benchmarks.begin(), job.benchmarks.end(),
                          [&](const std::string& name) { return !tally.reported.contains(name); }));
    }
    if (record.state == "ok" && record.failed > 0) {
        record.state = "failed";
        record.detail = fmt::format("{} of {} benchmarks failed", record.failed, record.benchmarks);
    }
    if (record.skipped > 0) {
        record.detail += fmt::format("{}{} of {} benchmarks skipped", record.detail.empty() ? "" : "; ", record.skipped,
                                     record.benchmarks);
    }
    return verdict;
}

FamilyRecord not_run(const Job& job) {
    FamilyRecord record;
    record.family = job.family;
    record.state = "not run";
    record.detail = "interrupted before";
    record.benchmarks = job.benchmarks.size();
    return record;
}

}  // namespace

bool Gathered::all_ok() const {
    return std::all_of(families.begin(), families.end(), [](const FamilyRecord& f) { return f.state == "ok"; });
}

Expected<Gathered> execute(const std::vector<Job>& jobs, const std::map<std::string, std::string>& environment,
                           results::RunDirectory& directory, Recorder& recorder, const Interrupt& interrupt,
                           Progress& progress) {
    Gathered gathered;
    for (const Job& job : jobs) {
        if (interrupt.signal() != 0) {
            gathered.interrupted = true;
            gathered.families.push_back(not_run(job));
            continue;
        }
        const ChildCommand command = command_of(job, environment, directory);
        std::error_code error;
        std::filesystem::remove(directory.scratch_report(), error);
        FL_RETURN_IF_ERROR(recorder.begin(job, command.argv));
        progress.start(job);
        const Expected<ChildResult> child = run_child(command, &interrupt, [&](std::string_view fresh) {
            progress.heard(fresh);
            recorder.look(directory.scratch_report());
        });
        if (!child) return child.error();
        Verdict verdict = judge(job, command, *child, results::read_benchmark_report(directory.scratch_report()));
        FamilyRecord& record = verdict.record;
        for (const std::string& fault : directory.check_new_latency_files()) {
            if (record.state == "ok") record.state = "failed";
            record.detail += (record.detail.empty() ? "" : "; ") + fault;
        }
        if (record.state != "ok") {
            FL_RETURN_IF_ERROR(directory.keep_log(job.family, child->err));
        }
        FL_RETURN_IF_ERROR(recorder.end(record, verdict.part));
        gathered.interrupted = gathered.interrupted || child->end == ChildEnd::kInterrupted;
        results::append(gathered.report, verdict.part);
        progress.finish(job, record.state, record.detail, record.seconds);
        gathered.families.push_back(std::move(record));
    }
    return gathered;
}

}  // namespace faultline::runners
