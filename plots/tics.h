// What stands at the tics of an axis, where gnuplot's own would repeat themselves ("1k, 2k, 2k") or miss what was
// measured.
//
// Each gives lines of a gnuplot script for `axis` ("x" or "y"). Thread safety: pure functions.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace faultline::plots {

/// "set yrange" and "set ytics": four to eight round values that hold `low` and `high`, with decimal prefixes.
std::string decimal_tics(std::string_view axis, double low, double high, std::string_view unit);

/// "set xtics" at powers of two with binary prefixes, for sizes. REQUIRES: all above 0.
std::string size_tics(std::string_view axis, const std::vector<double>& values);

/// "set xtics" at exactly the measured values.
std::string exact_tics(std::string_view axis, const std::vector<double>& values, std::string_view suffix);

}  // namespace faultline::plots
