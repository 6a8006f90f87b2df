// Steps in the history of nights: which are there, and which of them nobody has been told of yet.
//
// A step is found twice: at once, when a night is compared with those before it and differs, and a few nights later by
// change-point detection (results/statistics/change_point.h), which also finds what is too small for one night to show.
// It is the same step when benchmark, metric and direction are the same, the nights lie close to each other, and the
// level is about what was reported: then it is not reported again. Thread safety: pure functions.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "results/compare/compare.h"
#include "results/samples.h"
#include "results/statistics/change_point.h"
#include "results/store/night.h"

namespace faultline::results {

/// What a benchmark's metric was in each night that has it, oldest first.
struct NightSeries {
    std::string benchmark;
    Metric metric;
    std::vector<NightId> nights;
    std::vector<double> medians;
};

/// Brings nights together. Added in their order.
class NightHistory {
public:
    /// The medians of `set`, over everything that the night measured.
    void add(NightId night, const SampleSet& set);
    const std::vector<NightSeries>& series() const { return series_; }

private:
    std::vector<NightSeries> series_;
};

/// Of some hundred histories that are looked at every night, hardly any may show a step that is none.
inline constexpr ChangePointOptions kStepOptions = {.significance = 0.0002, .permutations = 9999};

/// The newest step of each series that has one, and whose metric has a good direction. On all processors.
std::vector<Step> newest_steps(const NightHistory& history);

/// What a comparison of `night` with the nights before it calls better or worse.
std::vector<Step> steps_of(const Comparison& comparison, NightId night);

/// Those of `found` that are none of `reported`, and each of them once. `nights` are those of the history, oldest
/// first; `reach` is how many of them the first night of the same step may be off by.
std::vector<Step> unreported(const std::vector<Step>& found, std::vector<Step> reported,
                             std::span<const NightId> nights, std::size_t reach);

}  // namespace faultline::results
