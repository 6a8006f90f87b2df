// Figures for people: three significant digits and a prefix.
//
// Thread safety: pure functions.
#pragma once

#include <string>

namespace faultline::runners {

/// 1234567 -> "1.23M"; no unit.
std::string format_quantity(double value);
/// Nanoseconds -> "850ns", "12.3us", "4.56ms", "1.20s".
std::string format_latency(double nanoseconds);
/// 2147483648 -> "2.0 GiB".
std::string format_memory(double bytes);
/// Seconds -> "8 s", "2 min 05 s".
std::string format_seconds(double seconds);

}  // namespace faultline::runners
