// Where a history stepped: which nights are unlike those before them.
//
// E-divisive: the history is cut where the energy distance between what lies before and after is largest, each part
// again, as long as a cut is better than those of shuffled histories. It takes no step's size or number for granted. A
// history that stepped once has one change point, and keeps having that one when more is added, so that a step alarms
// once. Thread safety: pure functions; the same history gives the same answer.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace faultline::results {

struct ChangePoint {
    std::size_t index;  ///< of the first value after the step
    double before;      ///< medians of what lies between this change point and its neighbours
    double after;
    double p_value;  ///< of the permutation test
};

struct ChangePointOptions {
    double significance = 0.01;  ///< how often a history without a step may show one
    int permutations = 499;      ///< shuffled histories
    std::size_t shortest = 5;    ///< values on each side of a step
    double min_effect = 0.03;    ///< smaller steps are not reported
};

/// In the order of the history. REQUIRES: finite values.
std::vector<ChangePoint> change_points(std::span<const double> history, const ChangePointOptions& options = {});

}  // namespace faultline::results
