// Figures with their units, for people: three significant digits and a prefix.
//
// Thread safety: pure functions.
#pragma once

#include <string>

#include "results/samples.h"

namespace faultline::plots {

/// 12345 of faults_per_second -> "12.3 k/s", 5120 of latency_p50_ns -> "5.12 us", 2.5e9 of bytes_per_second ->
/// "2.5 GB/s".
std::string with_unit(const results::Metric& metric, double value);

}  // namespace faultline::plots
