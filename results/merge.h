// One report out of the reports of several processes, with nothing lost: a benchmark that was to run and did not report
// becomes an entry that says why, as Google Benchmark writes one that was skipped with an error.
//
// Thread safety: values.
#pragma once

#include <string>
#include <vector>

#include "results/benchmark_report.h"

namespace faultline::results {

/// What one process was to run, what it reported, and why it did not report the rest.
struct PartialReport {
    std::vector<std::string> expected;  ///< run names, in order
    BenchmarkReport report;
    std::string failure;  ///< empty when the process ended well
};

/// Appends `part` to `merged`. The context of the first part that has one is kept; family indices are renumbered, so
/// that families of different processes stay apart in Google Benchmark's tools.
void append(BenchmarkReport& merged, const PartialReport& part);

}  // namespace faultline::results
