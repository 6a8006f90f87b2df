#include "results/statistics/change_point.h"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <optional>
#include <random>

#include "results/statistics/statistics.h"

namespace faultline::results {
namespace {

constexpr std::uint64_t kSeed = 0x5eed;

struct Cut {
    std::size_t index = 0;
    double strength = 0;  ///< scaled energy distance between both sides
};

/// Sums of |x - y| over the pairs among `values`, brought along while the cut moves through them.
///
/// Moving a value from the right to the left side changes only its own pairs, so that a cut costs as many steps as
/// there are values.
Cut strongest_cut(std::span<const double> values, std::size_t shortest) {
    const std::size_t n = values.size();
    Cut best;
    if (n < 2 * shortest) return best;
    double within_left = 0;
    double within_right = 0;
    double across = 0;
    for (std::size_t i = 0; i < n; ++i) {
        for (std::size_t j = i + 1; j < n; ++j) within_right += std::abs(values[i] - values[j]);
    }
    for (std::size_t cut = 1; cut + shortest <= n; ++cut) {
        const double moved = values[cut - 1];
        double to_left = 0;
        double to_right = 0;
        for (std::size_t i = 0; i < cut - 1; ++i) to_left += std::abs(moved - values[i]);
        for (std::size_t i = cut; i < n; ++i) to_right += std::abs(moved - values[i]);
        within_left += to_left;
        within_right -= to_right;
        across += to_right - to_left;
        if (cut < shortest) continue;
        const auto left = static_cast<double>(cut);
        const auto right = static_cast<double>(n - cut);
        const double distance = 2 * across / (left * right) - 2 * within_left / (left * (left - 1)) -
                                2 * within_right / (right * (right - 1));
        const double strength = left * right / (left + right) * distance;
        if (strength > best.strength) best = {cut, strength};
    }
    return best;
}

/// Of shuffled histories, and this one, the share whose strongest cut is as strong. Stops as soon as it is too many.
double p_value_of(const Cut& cut, std::span<const double> values, const ChangePointOptions& options, Random& random) {
    std::vector<double> shuffled(values.begin(), values.end());
    const double all = options.permutations + 1;
    int as_strong = 1;
    for (int i = 0; i < options.permutations && as_strong <= options.significance * all; ++i) {
        std::shuffle(shuffled.begin(), shuffled.end(), random);
        as_strong += strongest_cut(shuffled, options.shortest).strength >= cut.strength;
    }
    return as_strong / all;
}

struct Found {
    std::size_t index;
    double p_value;
};

void split(std::span<const double> history, std::size_t first, std::size_t last, const ChangePointOptions& options,
           Random& random, std::vector<Found>& found) {
    const std::span<const double> part = history.subspan(first, last - first);
    const Cut cut = strongest_cut(part, options.shortest);
    if (cut.strength <= 0) return;
    const double p = p_value_of(cut, part, options, random);
    if (p > options.significance) return;
    split(history, first, first + cut.index, options, random, found);
    found.push_back({first + cut.index, p});
    split(history, first + cut.index, last, options, random, found);
}

double median_between(std::span<const double> history, std::size_t first, std::size_t last) {
    std::vector<double> part(history.begin() + static_cast<std::ptrdiff_t>(first),
                             history.begin() + static_cast<std::ptrdiff_t>(last));
    return median_in_place(part);
}

}  // namespace

std::vector<ChangePoint> change_points(std::span<const double> history, const ChangePointOptions& options) {
    assert(options.shortest >= 2);
    Random random(kSeed);
    std::vector<Found> found;
    split(history, 0, history.size(), options, random, found);
    // The smallest step goes first, since what lies around it becomes one part, and the steps beside it change.
    for (;;) {
        std::vector<ChangePoint> points;
        for (std::size_t i = 0; i < found.size(); ++i) {
            const std::size_t first = i == 0 ? 0 : found[i - 1].index;
            const std::size_t last = i + 1 == found.size() ? history.size() : found[i + 1].index;
            points.push_back({found[i].index, median_between(history, first, found[i].index),
                              median_between(history, found[i].index, last), found[i].p_value});
        }
        const auto size = [](const ChangePoint& point) { return std::abs(point.after - point.before); };
        const auto is_small = [&](const ChangePoint& point) {
            return size(point) < options.min_effect * std::abs(point.before);
        };
        auto smallest = points.end();
        for (auto point = points.begin(); point != points.end(); ++point) {
            if (is_small(*point) && (smallest == points.end() || size(*point) < size(*smallest))) smallest = point;
        }
        if (smallest == points.end()) return points;
        found.erase(found.begin() + (smallest - points.begin()));
    }
}

}  // namespace faultline::results
