// Puts what the programs report into the results store while they run: each benchmark as soon as it is whole, so that
// whatever ends this process loses only the benchmark under way.
//
// Thread safety: one run at a time. Ownership: the store outlives it.
#pragma once

#include <filesystem>
#include <map>
#include <set>
#include <string>

#include "base/expected.h"
#include "results/merge.h"
#include "results/store/store.h"
#include "runners/run/plan.h"

namespace faultline::runners {

class Recorder {
public:
    /// `additions` are members that the context gets where the programs do not report them; `stored` is what an
    /// earlier process stored of this run.
    Recorder(results::Store& store, results::RunId run, std::string boot, results::Json additions,
             std::filesystem::path latency_directory, std::set<std::string> stored);

    /// A program is about to run `job`.
    Status begin(const Job& job, const std::vector<std::string>& command);
    /// Looks at the report that the program is writing. What cannot be stored now is tried again in end().
    void look(const std::filesystem::path& report);
    /// The program has ended: stores the rest, failures included, and how it ended.
    Status end(const results::FamilyRecord& record, const results::PartialReport& part);

private:
    results::Json completed(results::Json context) const;
    Status store_whole(const results::BenchmarkReport& report, std::size_t repetitions);
    Status store_one(results::BenchmarkResult result);
    results::LatencyHistogram latencies_of(const std::string& benchmark);

    results::Store& store_;
    results::RunId run_;
    std::string boot_;
    results::Json additions_;
    std::filesystem::path latency_directory_;

    results::ProcessId process_;
    std::size_t repetitions_ = 0;  ///< of each benchmark of the job under way
    std::uintmax_t seen_size_ = 0;
    bool has_context_ = false;
    std::set<std::string> stored_;                                ///< benchmarks, of all jobs
    std::map<std::filesystem::path, std::string> latency_files_;  ///< -> benchmark
};

}  // namespace faultline::runners
