// Median and spread of a few values, and how sure a median is.
//
// Thread safety: pure functions.
#pragma once

#include <vector>

namespace faultline::plots {

struct Spread {
    double median = 0;
    double low = 0;   ///< first quartile; the smallest of fewer than 4 values
    double high = 0;  ///< third quartile; the largest of fewer than 4 values
    std::size_t count = 0;
};

/// REQUIRES: not empty.
Spread spread_of(std::vector<double> values);

struct Interval {
    double low = 0;
    double high = 0;
};

/// Where the median lies of what `values` are drawn from, with 95 % confidence, by the order of the values alone (sign
/// test). Of fewer than 6 values it is their extremes, which hold it less often: 94 % of 5, 75 % of 3. REQUIRES: not
/// empty.
Interval median_interval(std::vector<double> values);

}  // namespace faultline::plots
