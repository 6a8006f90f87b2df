// Figures with their units, for people: significant digits and a prefix.
//
// Thread safety: pure functions.
#pragma once

#include <string>
#include <string_view>

#include "results/samples.h"

namespace faultline::plots {

/// 12345 of faults_per_second -> "12.3 k/s", 5120 of latency_p50_ns -> "5.12 us", 2.5e9 of bytes_per_second ->
/// "2.5 GB/s".
std::string with_unit(const Metric& metric, double value);

/// The same at a tic of an axis, without blank and with as many digits as tell neighbours apart: "1.25ms", "450k".
std::string tic_text(double value, std::string_view unit);

}  // namespace faultline::plots
