// One benchmark as one process ran it: all its repetitions, counters and latencies. The unit that the store writes.
//
// From a report's "iteration" entries and back to them without loss of a number; aggregates are left out, since they
// follow from the repetitions. Thread safety: values.
#pragma once

#include <string>
#include <vector>

#include "base/expected.h"
#include "results/benchmark_report.h"
#include "results/statistics/histogram.h"

namespace faultline::results {

struct BenchmarkResult {
    std::string name;  ///< canonical: vocabulary/benchmark_name.h
    int threads = 1;
    std::string time_unit = "ns";  ///< of real_time and cpu_time
    std::string label;
    std::vector<std::string> metrics;         ///< "iterations", "real_time", "cpu_time", then the counters
    std::vector<std::vector<double>> values;  ///< [metric][repetition]; NaN where a repetition has none
    std::vector<std::string> errors;          ///< of each repetition, or why it was skipped; empty where it ran
    LatencyHistogram latency;                 ///< of all repetitions; empty when none was taken

    std::size_t repetitions() const { return errors.size(); }
    bool failed() const;   ///< at least one repetition did
    bool skipped() const;  ///< at least one repetition was, and none failed
};

/// One a run_name, in the order of the report.
std::vector<BenchmarkResult> results_of(const BenchmarkReport& report);

/// Appends the entries of `result` to a report's benchmarks. The indices tell Google Benchmark's tools the order.
void append_entries(Json& benchmarks, const BenchmarkResult& result, int family_index, int instance_index);

}  // namespace faultline::results
