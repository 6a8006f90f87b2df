// Two sides of few series, compared as tests ask for it.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "results/compare/compare.h"
#include "tests/results/compare/compared_sets.h"

namespace faultline::results {

inline const SetShape kA{.side = "a"};
inline const SetShape kB{.side = "b"};

inline SampleSet set_of(const std::string& label, std::vector<Series> series) {
    return {.label = label, .environment = environment("6.18"), .series = std::move(series)};
}

inline Comparison compared(const std::vector<Series>& a, const std::vector<Series>& b,
                           const CompareOptions& options = {}) {
    const Expected<Comparison> comparison = compare(set_of("A", a), set_of("B", b), options);
    EXPECT_TRUE(comparison.ok()) << comparison.error().message;
    return comparison.ok() ? *comparison : Comparison{};
}

/// One benchmark's time, 1000 ns in A.
inline ComparedMetric time_of(double b, const SetShape& shape_a = kA, const SetShape& shape_b = kB,
                              double noise = 0.01) {
    const Comparison comparison =
        compared({series(shape_a, "f/x", "real_time", 1000, noise)}, {series(shape_b, "f/x", "real_time", b, noise)});
    EXPECT_THAT(comparison.rows, testing::SizeIs(1));
    return comparison.rows.at(0);
}

}  // namespace faultline::results
