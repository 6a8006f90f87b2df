// Nearest-rank percentiles on vectors whose answers are known.
#include "device/latency.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>
#include <random>

namespace faultline::device {
namespace {

TEST(Latency, NearestRankOfTheTextbookVector) {
    const std::vector<std::uint64_t> sorted{15, 20, 35, 40, 50};
    EXPECT_EQ(nearest_rank(sorted, 50), 15u);
    EXPECT_EQ(nearest_rank(sorted, 300), 20u);
    EXPECT_EQ(nearest_rank(sorted, 400), 20u);
    EXPECT_EQ(nearest_rank(sorted, 500), 35u);
    EXPECT_EQ(nearest_rank(sorted, 1000), 50u);
    EXPECT_EQ(nearest_rank(sorted, 0), 15u);
}

TEST(Latency, SummaryOfOneToAThousandShuffled) {
    std::vector<std::uint64_t> values(1000);
    std::iota(values.begin(), values.end(), 1);
    std::shuffle(values.begin(), values.end(), std::mt19937(7));
    EXPECT_EQ(summarise(values), (LatencySummary{1000, 1, 500, 900, 990, 999, 1000}));
}

TEST(Latency, ATailOfOneInAHundredShowsAtP999AndNotAtP99) {
    std::vector<std::uint64_t> values(1000, 10);
    std::fill_n(values.begin(), 10, 5000);
    const LatencySummary summary = summarise(values);
    EXPECT_EQ(summary.p99, 10u);
    EXPECT_EQ(summary.p999, 5000u);
}

TEST(Latency, OneSampleIsEveryPercentile) { EXPECT_EQ(summarise({42}), (LatencySummary{1, 42, 42, 42, 42, 42, 42})); }

TEST(Latency, NoSamplesAreAllZero) { EXPECT_EQ(summarise({}), LatencySummary{}); }

}  // namespace
}  // namespace faultline::device
