// The Mann-Whitney test and the Benjamini-Hochberg procedure.
#include <algorithm>
#include <boost/math/distributions/normal.hpp>
#include <cassert>
#include <cmath>
#include <numeric>

#include "results/statistics/statistics.h"

namespace faultline::results {
namespace {

constexpr std::size_t kExactUpTo = 30;

/// Ranks times two, so that the mean rank of ties is whole too; in the order of a, then b.
std::vector<int> doubled_ranks(std::span<const double> a, std::span<const double> b) {
    std::vector<double> values(a.begin(), a.end());
    values.insert(values.end(), b.begin(), b.end());
    std::vector<std::size_t> order(values.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::sort(order.begin(), order.end(), [&](std::size_t i, std::size_t j) { return values[i] < values[j]; });
    std::vector<int> ranks(values.size());
    for (std::size_t first = 0; first < order.size();) {
        std::size_t last = first;
        while (last + 1 < order.size() && values[order[last + 1]] == values[order[first]]) ++last;
        for (std::size_t i = first; i <= last; ++i) ranks[order[i]] = static_cast<int>(first + last + 2);
        first = last + 1;
    }
    return ranks;
}

/// Of all ways to choose `count` of `ranks`, the share whose sum is at least as far from the mean as `sum`. The ways
/// are counted by sum, one rank after another.
double exact_p(const std::vector<int>& ranks, std::size_t count, int sum) {
    const int total = std::accumulate(ranks.begin(), ranks.end(), 0);
    const std::size_t width = static_cast<std::size_t>(total) + 1;
    std::vector<std::vector<double>> ways(count + 1, std::vector<double>(width, 0));
    ways[0][0] = 1;
    std::size_t highest = 0;
    for (const int rank : ranks) {
        const auto step = static_cast<std::size_t>(rank);
        highest += step;
        for (std::size_t chosen = count; chosen > 0; --chosen) {
            for (std::size_t s = step; s <= highest; ++s) ways[chosen][s] += ways[chosen - 1][s - step];
        }
    }
    // Whole numbers: all ranks' mean times the count, times the number of ranks.
    const auto n = static_cast<long>(ranks.size());
    const long centre = static_cast<long>(count) * total;
    const long observed = std::abs(n * sum - centre);
    double as_far = 0;
    double all = 0;
    for (std::size_t s = 0; s < width; ++s) {
        all += ways[count][s];
        if (std::abs(n * static_cast<long>(s) - centre) >= observed) as_far += ways[count][s];
    }
    return as_far / all;
}

/// With the variance that ties leave, and half a step off for continuity.
double approximate_p(const std::vector<int>& ranks, std::size_t count, int sum) {
    const auto n = static_cast<double>(ranks.size());
    const auto chosen = static_cast<double>(count);
    const double mean = std::accumulate(ranks.begin(), ranks.end(), 0.0) / n;
    double squares = 0;
    for (const int rank : ranks) squares += (rank - mean) * (rank - mean);
    const double variance = chosen * (n - chosen) / (n * (n - 1)) * squares;
    if (variance <= 0) return 1;  // all are tied
    const double distance = std::max(0.0, std::abs(sum - chosen * mean) - 1);
    return std::min(1.0, 2 * boost::math::cdf(complement(boost::math::normal(), distance / std::sqrt(variance))));
}

}  // namespace

double rank_test(std::span<const double> a, std::span<const double> b) {
    assert(!a.empty() && !b.empty());
    const std::vector<int> ranks = doubled_ranks(a, b);
    const int sum = std::accumulate(ranks.begin(), ranks.begin() + static_cast<std::ptrdiff_t>(a.size()), 0);
    return ranks.size() <= kExactUpTo ? exact_p(ranks, a.size(), sum) : approximate_p(ranks, a.size(), sum);
}

std::vector<double> false_discovery_rates(const std::vector<double>& p_values) {
    std::vector<std::size_t> order(p_values.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::sort(order.begin(), order.end(), [&](std::size_t i, std::size_t j) { return p_values[i] < p_values[j]; });
    std::vector<double> rates(p_values.size());
    double smallest = 1;
    for (std::size_t rank = order.size(); rank > 0; --rank) {
        const double p = p_values[order[rank - 1]];
        smallest = std::min(smallest, p * static_cast<double>(order.size()) / static_cast<double>(rank));
        rates[order[rank - 1]] = smallest;
    }
    return rates;
}

}  // namespace faultline::results
