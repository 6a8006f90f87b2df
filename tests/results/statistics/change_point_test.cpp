#include "results/statistics/change_point.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <random>

namespace faultline::results {
namespace {

using testing::IsEmpty;
using testing::SizeIs;

/// `levels[i]` for `lengths[i]` nights each, with noise of 1 % that has heavy tails.
std::vector<double> history(std::uint64_t seed, const std::vector<std::pair<int, double>>& levels) {
    std::mt19937_64 random(seed);
    std::student_t_distribution<double> noise(3);
    std::vector<double> values;
    for (const auto& [length, level] : levels) {
        for (int i = 0; i < length; ++i) values.push_back(level * std::exp(0.006 * noise(random)));
    }
    return values;
}

TEST(ChangePoints, OneStepAlarmsOnceWhateverIsAddedLater) {
    const std::vector<double> nights = history(1, {{40, 100}, {60, 110}});
    // As each night found it: from some days after the step on, always this one.
    for (std::size_t known = 48; known <= nights.size(); ++known) {
        const auto points = change_points(std::span(nights).first(known));
        ASSERT_THAT(points, SizeIs(1)) << "after " << known << " nights";
        EXPECT_NEAR(static_cast<double>(points[0].index), 40, 1);
        EXPECT_NEAR(points[0].before, 100, 1);
        EXPECT_NEAR(points[0].after, 110, 1);
        EXPECT_LE(points[0].p_value, 0.01);
    }
}

TEST(ChangePoints, AHistoryWithoutStepHasNone) {
    ChangePointOptions any_size;
    any_size.min_effect = 0;
    int alarms = 0;
    for (std::uint64_t seed = 0; seed < 200; ++seed)
        alarms += !change_points(history(seed, {{60, 100}}), any_size).empty();
    EXPECT_LE(alarms, 6);  // 2 are expected at 1 %
}

TEST(ChangePoints, StepsAreFoundEachByItself) {
    int right = 0;
    for (std::uint64_t seed = 0; seed < 50; ++seed) {
        const auto points = change_points(history(seed, {{30, 100}, {30, 106}, {30, 98}}));
        right += points.size() == 2 && std::abs(static_cast<int>(points[0].index) - 30) <= 2 &&
                 std::abs(static_cast<int>(points[1].index) - 60) <= 2;
    }
    EXPECT_GE(right, 45);
}

TEST(ChangePoints, SmallStepsAreNotReported) {
    const std::vector<double> nights = history(3, {{40, 100}, {40, 102}});
    EXPECT_THAT(change_points(nights), IsEmpty());
    ChangePointOptions any_size;
    any_size.min_effect = 0;
    EXPECT_THAT(change_points(nights, any_size), SizeIs(1));
}

TEST(ChangePoints, ASingleBadNightIsNoStep) {
    std::vector<double> nights = history(4, {{60, 100}});
    nights[30] = 300;
    EXPECT_THAT(change_points(nights), IsEmpty());
}

TEST(ChangePoints, FewValuesAreNoSide) {
    // Three nights unlike the rest are too few to call a step.
    for (const ChangePoint& point : change_points(history(5, {{3, 120}, {57, 100}}))) EXPECT_GE(point.index, 5u);
    for (const ChangePoint& point : change_points(history(5, {{57, 100}, {3, 120}}))) EXPECT_LE(point.index, 55u);
}

TEST(ChangePoints, TooShortOrConstantHistoriesHaveNone) {
    EXPECT_THAT(change_points({}), IsEmpty());
    EXPECT_THAT(change_points(std::vector<double>{1, 2, 3}), IsEmpty());
    EXPECT_THAT(change_points(std::vector<double>{1, 1, 1, 1, 9, 9, 9, 9}), IsEmpty());  // 4 are not enough to tell
    EXPECT_THAT(change_points(std::vector<double>(50, 7.0)), IsEmpty());
}

}  // namespace
}  // namespace faultline::results
