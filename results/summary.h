// The few figures of each benchmark that a person reads first, taken over its repetitions.
//
// Thread safety: values. Units: rates per second, latencies in nanoseconds.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "results/benchmark_report.h"

namespace faultline::results {

/// Medians over the repetitions that did not fail; `max` is the largest of all. Absent: the benchmark does not report
/// it.
struct SummaryRow {
    std::string benchmark{};
    std::optional<double> faults_per_second{};
    std::optional<double> p50{};
    std::optional<double> p99{};
    std::optional<double> p999{};
    std::optional<double> max{};
    std::optional<double> bytes_per_second{};
    std::optional<double> speedup{};  ///< over the baseline that the benchmark measured beside itself
    std::optional<double>
        spread{};  ///< (max - min) / median over repetitions of the first rate it reports that is not 0, or of its time
    std::string error{};    ///< not empty: at least one repetition failed, and this is the first reason
    std::string skipped{};  ///< not empty: at least one repetition was skipped, and this is the first reason
};

/// One row a benchmark, in the order of the report.
std::vector<SummaryRow> summarise(const BenchmarkReport& report);

}  // namespace faultline::results
