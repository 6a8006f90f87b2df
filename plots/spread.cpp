#include "plots/spread.h"

#include <algorithm>
#include <cassert>
#include <cmath>

namespace faultline::plots {
namespace {

constexpr std::size_t kEnoughForQuartiles = 4;

/// Linear between neighbours (the usual type 7).
double quantile(const std::vector<double>& sorted, double fraction) {
    const double position = fraction * static_cast<double>(sorted.size() - 1);
    const auto below = static_cast<std::size_t>(position);
    const std::size_t above = std::min(below + 1, sorted.size() - 1);
    return sorted[below] + (sorted[above] - sorted[below]) * (position - static_cast<double>(below));
}

}  // namespace

Spread spread_of(std::vector<double> values) {
    assert(!values.empty());
    std::sort(values.begin(), values.end());
    const bool enough = values.size() >= kEnoughForQuartiles;
    return {quantile(values, 0.5), enough ? quantile(values, 0.25) : values.front(),
            enough ? quantile(values, 0.75) : values.back(), values.size()};
}

}  // namespace faultline::plots
