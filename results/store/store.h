// The results store: every run with its environment, processes, benchmarks, counters and latency histograms, in one
// SQLite file that several processes may read and write at the same time.
//
// A benchmark is written whole, in one transaction that is on disk when the call returns: whenever the writer is
// killed, what it had finished is there and nothing is there by half. docs/results.md has the schema. Thread safety:
// one thread at a time a Store. Errors are one line that names the file: kBadInput where the file or the request is at
// fault, kUnavailable where the machine is (disk full, no permission).
#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/expected.h"
#include "results/benchmark_report.h"
#include "results/manifest.h"
#include "results/store/benchmark_result.h"
#include "results/store/night.h"
#include "results/store/run_reference.h"
#include "results/store/sqlite.h"

namespace faultline::results {

struct RunId {
    std::int64_t row = 0;
    friend bool operator==(RunId, RunId) = default;
};
struct ProcessId {
    std::int64_t row = 0;
};

enum class RunState {
    kRunning,      ///< under way, or its writer was killed: it can be resumed
    kComplete,     ///< every benchmark ran or was recorded as failed
    kInterrupted,  ///< the user ended it: it can be resumed
};
std::string to_string(RunState state);

std::string draw_run_uid();

/// What is known when a run begins.
struct NewRun {
    std::string uid;  ///< 16 hexadecimal digits, of draw_run_uid() or of the run's content
    std::string label;
    std::string suite;
    std::string started_utc;          ///< ISO 8601
    std::filesystem::path directory;  ///< where its files will be; empty: it has none
    Json request;                     ///< what was asked for, to resume with; null: it cannot be resumed
    Json context = Json::object();    ///< Google Benchmark's, as far as it is known
};

struct RunInfo {
    RunId id;
    std::string uid;
    std::string label;
    std::string suite;
    std::string started_utc;
    double seconds = 0;
    RunState state = RunState::kRunning;
    std::filesystem::path directory;
    std::filesystem::path work_directory;  ///< where it is being built; empty once `directory` is whole
    std::string kernel;
    std::string device;
    std::string policy;
    std::string model;
    std::int64_t environment = 0;  ///< equal: the environments are
    std::int64_t benchmarks = 0;
    std::int64_t failed = 0;  ///< of those
};

struct StoredProcess {
    ProcessId id;
    std::string boot;  ///< boot id; empty where unknown
    FamilyRecord family;
};

/// A benchmark as it is stored, and whose it is.
struct StoredResult {
    RunId run;
    std::string run_uid;
    std::int64_t process = 0;
    std::string boot;
    BenchmarkResult result;
};

/// What of the stored results to read; empty: everything.
struct ResultFilter {
    std::string benchmark;   ///< this one only
    bool latencies = false;  ///< with histograms
};

class Store {
public:
    /// Makes the file if need be (kCreate) and brings an older one to this program's schema.
    static Expected<Store> open(const std::filesystem::path& path, Database::Mode mode);

    /// One transaction out of several calls: all or nothing. Calls inside join it.
    Status atomically(const std::function<Status()>& work) { return database_->atomically(work); }

    Expected<RunId> begin_run(const NewRun& run);
    /// Replaces the context, and with it the environment.
    Status set_context(RunId run, const Json& context);
    /// Where the run's files are being built. The state becomes kRunning.
    Status set_work_directory(RunId run, const std::filesystem::path& work);
    Status end_run(RunId run, RunState state, double seconds, const std::filesystem::path& directory);

    Expected<ProcessId> begin_process(RunId run, const std::string& boot, const FamilyRecord& family);
    /// REQUIRES: `result.name` is not stored for this process yet.
    Status add_result(RunId run, ProcessId process, const BenchmarkResult& result);
    Status end_process(ProcessId process, const FamilyRecord& family);

    /// Newest first. Error: kBadInput when no run matches, with what might have been meant; all_runs() may be none.
    Expected<std::vector<RunInfo>> find(const RunReference& reference) const;
    /// Like find(), where exactly one run is meant. Error: kBadInput also when several match.
    Expected<RunInfo> find_one(const RunReference& reference) const;
    Expected<std::optional<RunInfo>> find_uid(const std::string& uid) const;

    Expected<Json> context_of(RunId run) const;
    Expected<std::map<std::string, std::string>> environment_of(const RunInfo& run) const;
    Expected<Json> request_of(RunId run) const;
    Expected<std::vector<StoredProcess>> processes_of(RunId run) const;
    Expected<std::set<std::string>> benchmarks_of(RunId run) const;
    /// Hands each result of `run` to `take`, in the order in which they were stored. `take` does not call visit().
    Status visit(const RunInfo& run, const ResultFilter& filter, const std::function<void(StoredResult&&)>& take) const;

    Expected<NightId> begin_night(const std::string& started_utc, const Json& request);
    /// The run is one of the night's.
    Status assign(RunId run, NightId night);
    Status count_resume(NightId night);
    /// With the steps that the night reports, in one transaction. REQUIRES: a step's benchmark is stored.
    Status end_night(NightId night, NightState state, const Json& verdict, const std::vector<Step>& steps);
    /// Newest first.
    Expected<std::vector<NightInfo>> nights() const;
    /// In any state, oldest first.
    Expected<std::vector<RunInfo>> runs_of(NightId night) const;
    /// Every step that a night has reported, in that order.
    Expected<std::vector<Step>> steps() const;
    /// Of each benchmark's repetitions leaves the medians, and every histogram. In one transaction.
    Status thin(NightId night);
    /// The run's directory is gone for good.
    Status forget_directory(RunId run);

    const std::filesystem::path& path() const { return database_->path(); }

private:
    explicit Store(std::unique_ptr<Database> database) : database_(std::move(database)) {}
    Expected<std::vector<RunInfo>> select_runs(const RunReference& reference) const;
    Expected<std::int64_t> id_of(const char* insert, const char* select, const std::string& value);
    Error not_found(const RunReference& reference) const;
    Status replace_samples(RunId run, std::int64_t process, const BenchmarkResult& result);

    std::unique_ptr<Database> database_;
};

/// The facts of a context that results depend on, under the context's own keys: its strings and the number of
/// processors, without those that differ from run to run (date, path of the program, measured clock).
std::map<std::string, std::string> facts_of(const Json& context);

}  // namespace faultline::results
