#include "results/statistics/statistics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

namespace faultline::results {
namespace {

using testing::DoubleNear;
using testing::ElementsAre;
using testing::Pointwise;

std::vector<Sample> samples(const std::vector<std::vector<std::vector<double>>>& boots) {
    std::vector<Sample> all;
    for (std::size_t b = 0; b < boots.size(); ++b) {
        for (std::size_t p = 0; p < boots[b].size(); ++p) {
            for (std::size_t r = 0; r < boots[b][p].size(); ++r) {
                all.push_back({"boot" + std::to_string(b), std::to_string(b) + "/" + std::to_string(p),
                               static_cast<int>(r), boots[b][p][r]});
            }
        }
    }
    return all;
}

Nested nested(const std::vector<std::vector<std::vector<double>>>& boots) {
    const auto made = Nested::of(samples(boots));
    EXPECT_TRUE(made.has_value());
    return *made;
}

TEST(Nested, MedianIsTakenLevelByLevel) {
    // Pooled, the median would be 8: the process with most repetitions would outvote the others.
    const Nested n = nested({{{1, 2, 3}, {4}}, {{8, 8, 8, 8, 8, 8, 8}}});
    EXPECT_EQ(n.boots(), 2u);
    EXPECT_EQ(n.processes(), 3u);
    EXPECT_EQ(n.repetitions(), 11u);
    const double boot0 = (std::log(2) + std::log(4)) / 2;
    EXPECT_THAT(n.process_medians(), Pointwise(DoubleNear(1e-12), {std::log(2), std::log(4), std::log(8)}));
    EXPECT_THAT(n.boot_medians(), Pointwise(DoubleNear(1e-12), {boot0, std::log(8)}));
    EXPECT_NEAR(n.median(), (boot0 + std::log(8)) / 2, 1e-12);
}

TEST(Nested, WhatHasNoLogarithmIsNoSet) {
    EXPECT_FALSE(Nested::of(samples({{{1, 0}}})));
    EXPECT_FALSE(Nested::of(samples({{{1, -2}}})));
    EXPECT_FALSE(Nested::of(samples({{{1, std::nan("")}}})));
    EXPECT_FALSE(Nested::of(samples({{{1, INFINITY}}})));
}

TEST(Nested, ResamplingDrawsOnEachLevel) {
    Random random(1);
    // Spread within processes only, within boots only, among boots only: each must show.
    for (const Nested& n : {nested({{{1, 10}}}), nested({{{1}, {10}}}), nested({{{1}}, {{10}}})}) {
        std::vector<double> medians;
        for (int i = 0; i < 200; ++i) medians.push_back(n.resampled_median(random));
        EXPECT_EQ(*std::min_element(medians.begin(), medians.end()), std::log(1));
        EXPECT_EQ(*std::max_element(medians.begin(), medians.end()), std::log(10));
    }
}

TEST(Bootstrap, IntervalHoldsTheDifferenceAndShrinksWithSamples) {
    Random random(2);
    std::normal_distribution<double> noise(0, 0.05);
    const auto draw = [&](int boots, double centre) {
        std::vector<std::vector<std::vector<double>>> set;
        for (int b = 0; b < boots; ++b) set.push_back({{centre * std::exp(noise(random))}});
        return nested(set);
    };
    const Interval few = bootstrap_difference(draw(5, 100), draw(5, 120), 0.95, 1000, random);
    const Interval many = bootstrap_difference(draw(80, 100), draw(80, 120), 0.95, 1000, random);
    EXPECT_LT(many.low, std::log(1.2));
    EXPECT_GT(many.high, std::log(1.2));
    EXPECT_LT(many.high - many.low, (few.high - few.low) / 2);
}

TEST(MiddleOf, LeavesOutAsMuchOnEitherSide) {
    std::vector<double> values;
    for (int i = 999; i >= 0; --i) values.push_back(i);
    const Interval middle = middle_of(values, 0.95);
    EXPECT_EQ(middle.low, 25);
    EXPECT_EQ(middle.high, 974);
    std::vector<double> one = {7};
    EXPECT_EQ(middle_of(one, 0.95).low, 7);
}

TEST(RankTest, AgreesWithPublishedTables) {
    // Complete separation: 2 / (10 choose 5), 2 / (8 choose 4).
    EXPECT_NEAR(rank_test(std::vector<double>{1, 2, 3, 4, 5}, std::vector<double>{6, 7, 8, 9, 10}), 2.0 / 252, 1e-12);
    EXPECT_NEAR(rank_test(std::vector<double>{5, 6, 7, 8}, std::vector<double>{1, 2, 3, 4}), 2.0 / 70, 1e-12);
    // U = 2 with sizes 5 and 5: (1 + 1 + 2) / 252 on each side.
    EXPECT_NEAR(rank_test(std::vector<double>{1, 2, 3, 4, 7}, std::vector<double>{5, 6, 8, 9, 10}), 8.0 / 252, 1e-12);
}

TEST(RankTest, TiesAreNoEvidence) {
    EXPECT_EQ(rank_test(std::vector<double>{3, 3, 3, 3, 3}, std::vector<double>{3, 3, 3, 3, 3}), 1);
    EXPECT_EQ(rank_test(std::vector<double>(50, 3.0), std::vector<double>(50, 3.0)), 1);
    // Of the 6 ways to choose 2 of the ranks {1.5, 1.5, 3.5, 3.5}, the lowest and the highest sum are as far out.
    EXPECT_NEAR(rank_test(std::vector<double>{1, 1}, std::vector<double>{2, 2}), 2.0 / 6, 1e-12);
}

TEST(RankTest, ApproximationMeetsTheExactTest) {
    // 15 against 15 is exact, 16 against 16 is not.
    std::vector<double> a;
    std::vector<double> b;
    for (int i = 0; i < 15; ++i) {
        a.push_back(i);
        b.push_back(i + 4.5);
    }
    const double exact = rank_test(a, b);
    a.push_back(7.2);
    b.push_back(11.7);
    EXPECT_NEAR(rank_test(a, b), exact, exact / 2);
    EXPECT_LT(rank_test(a, b), exact);
}

TEST(FalseDiscoveryRates, ArePByRankAndNeverFallWithIt) {
    EXPECT_THAT(false_discovery_rates({0.04, 0.01, 0.03, 0.5}),
                Pointwise(DoubleNear(1e-12), {0.16 / 3, 0.04, 0.16 / 3, 0.5}));
    EXPECT_THAT(false_discovery_rates({}), ElementsAre());
    EXPECT_THAT(false_discovery_rates({0.9, 1.0}), ElementsAre(1.0, 1.0));
}

TEST(NoiseFloor, IsWhatSetsOfTheseSizesDifferByChance) {
    Random random(3);
    std::normal_distribution<double> noise(0, 0.01);
    std::vector<double> units(400);
    for (double& unit : units) unit = noise(random);
    // The median of n normal values has standard deviation sqrt(pi / 2 n) of theirs.
    const double expected = 1.96 * 0.01 * std::sqrt(3.14159 / 2 * (2.0 / 100));
    EXPECT_NEAR(noise_floor(units, 100, 100, 0.95, 2000, random), expected, expected / 5);
    EXPECT_EQ(noise_floor(std::vector<double>(10, 5.0), 10, 10, 0.95, 100, random), 0);
}

}  // namespace
}  // namespace faultline::results
