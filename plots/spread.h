// Median and spread of a few values.
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

}  // namespace faultline::plots
