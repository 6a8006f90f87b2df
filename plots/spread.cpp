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

Interval median_interval(std::vector<double> values) {
    std::sort(values.begin(), values.end());
    const std::size_t n = values.size();
    // The k-th from each end may be taken as long as fewer than k values lie below the median in 2.5 % of all cases.
    const auto chance = [n](std::size_t below) {  // that exactly so many do
        const auto all = static_cast<double>(n);
        const auto few = static_cast<double>(below);
        return std::exp(std::lgamma(all + 1) - std::lgamma(few + 1) - std::lgamma(all - few + 1) - all * std::log(2));
    };
    std::size_t k = 0;
    for (double sum = chance(0); 2 * (k + 1) < n && (sum += chance(k + 1)) <= 0.025;) ++k;
    return {values[k], values[n - 1 - k]};
}

}  // namespace faultline::plots
