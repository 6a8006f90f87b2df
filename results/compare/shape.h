// What two kinds of device have in common: the shape of their results, never their times.
//
// A microsecond of the software reference says nothing about a microsecond of a GPU. What can be held against each
// other is how a benchmark compares with another one on the same device: twice the threads, 1.8 times the rate, on
// both? So each benchmark is divided by its family's baseline on its own side, and those ratios are compared. There are
// no verdicts: no shape is better, and a gate has nothing to go by. Thread safety: pure functions.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/expected.h"
#include "results/samples.h"
#include "results/statistics/statistics.h"

namespace faultline::results {

struct ShapeRow {
    std::string benchmark;
    std::string baseline;  ///< the first of its family that both sides have; itself for that one
    double shape_a;        ///< median over the baseline's median, on A
    double shape_b;
    double ratio_low;  ///< confidence interval of shape_b / shape_a; resampled on each level that has several
    double ratio_high;
};

struct ShapeComparison {
    std::string label_a;
    std::string label_b;
    std::string device_a;
    std::string device_b;
    std::string metric;
    std::vector<ShapeRow> rows;
    std::vector<std::string> missing;  ///< benchmarks that one side lacks, or whose values have no ratio
};

/// By `metric`. Error: kBadInput when no benchmark is in both.
Expected<ShapeComparison> compare_shapes(const SampleSet& a, const SampleSet& b, const std::string& metric,
                                         double confidence = 0.95, int resamples = 1000);

}  // namespace faultline::results
