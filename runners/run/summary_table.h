// What `faultline run` prints at the end: one table of the figures that are read first, and what failed.
//
// Thread safety: pure functions.
#pragma once

#include <string>

#include "results/benchmark_report.h"
#include "results/manifest.h"

namespace faultline::runners {

/// Fits `columns` (80 or more) as far as the benchmarks' names allow. Ends with a newline.
std::string summary_text(const results::Manifest& manifest, const results::BenchmarkReport& report, int columns);

}  // namespace faultline::runners
