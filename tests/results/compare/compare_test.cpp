#include "results/compare/compare.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/results/compare/compared.h"

namespace faultline::results {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

TEST(Compare, SlowerIsWorseFasterIsBetterAndLittleIsSame) {
    EXPECT_EQ(time_of(1100).verdict, Verdict::kWorse);
    EXPECT_EQ(time_of(900).verdict, Verdict::kBetter);
    EXPECT_EQ(time_of(1000).verdict, Verdict::kSame);
    EXPECT_THAT(time_of(1000).reason, IsEmpty());
    EXPECT_NEAR(time_of(1100).ratio(), 1.1, 0.01);
}

TEST(Compare, GoodDirectionIsTheMetrics) {
    const CompareOptions rate{.metrics = {"faults_per_second"}};
    const auto verdict = [&](double b) {
        return compared({series(kA, "f/x", "faults_per_second", 1000)}, {series(kB, "f/x", "faults_per_second", b)},
                        rate)
            .rows.at(0)
            .verdict;
    };
    EXPECT_EQ(verdict(1100), Verdict::kBetter);
    EXPECT_EQ(verdict(900), Verdict::kWorse);
}

/// `metric` doubles.
Comparison doubled(const std::string& metric, std::map<std::string, Direction> directions = {}) {
    CompareOptions options;
    options.metrics = {metric};
    options.directions = std::move(directions);
    return compared({series(kA, "f/x", metric, 1)}, {series(kB, "f/x", metric, 2)}, options);
}

TEST(Compare, ADoubledSpeedupOrShareIsBetter) {
    for (const char* metric : {"speedup", "speedup_min", "on_device", "to_host_share", "edges_per_second"}) {
        const Comparison comparison = doubled(metric);
        EXPECT_EQ(comparison.rows.at(0).verdict, Verdict::kBetter) << metric;
        EXPECT_EQ(outcome_of(comparison), Outcome::kNoRegression) << metric;
    }
    EXPECT_EQ(doubled("copies_per_byte").rows.at(0).verdict, Verdict::kWorse);
}

TEST(Compare, WhatSaysHowMuchWasDoneIsNeverBetterOrWorse) {
    for (const char* metric : {"faults", "latency_samples", "gt.svm_pagefault_count", "iterations"}) {
        const Comparison comparison = doubled(metric);
        EXPECT_EQ(comparison.rows.at(0).verdict, Verdict::kChanged) << metric;
        EXPECT_EQ(comparison.rows.at(0).reason, "says how much was done, not how well");
        EXPECT_EQ(outcome_of(comparison), Outcome::kNoRegression) << metric;
    }
}

TEST(Compare, AnUnknownDirectionIsNeverBetterOrWorseAndNeverAPass) {
    const Comparison comparison = doubled("my_counter");
    EXPECT_EQ(comparison.rows.at(0).verdict, Verdict::kChanged);
    EXPECT_EQ(comparison.rows.at(0).reason,
              "direction not known; --higher-is-better my_counter or --lower-is-better my_counter says which way is "
              "better");
    EXPECT_EQ(comparison.unknown_changes(), 1u);
    EXPECT_EQ(outcome_of(comparison), Outcome::kCannotTell);

    CompareOptions options;
    options.metrics = {"my_counter"};
    const Comparison steady =
        compared({series(kA, "f/x", "my_counter", 1)}, {series(kB, "f/x", "my_counter", 1)}, options);
    EXPECT_EQ(steady.rows.at(0).verdict, Verdict::kSame);
    EXPECT_EQ(outcome_of(steady), Outcome::kNoRegression);
}

TEST(Compare, ADirectionThatIsToldCounts) {
    const auto verdict = [](const std::string& metric, Direction direction) {
        return doubled(metric, {{metric, direction}}).rows.at(0).verdict;
    };
    EXPECT_EQ(verdict("my_counter", Direction::kHigher), Verdict::kBetter);
    EXPECT_EQ(verdict("my_counter", Direction::kLower), Verdict::kWorse);
    EXPECT_EQ(verdict("faults", Direction::kLower), Verdict::kWorse);
    EXPECT_EQ(doubled("my_counter", {{"other", Direction::kHigher}}).rows.at(0).verdict, Verdict::kChanged);
}

TEST(Compare, MinimumEffectDecidesWhatCounts) {
    const auto verdict = [&](double min_effect) {
        return compared({series(kA, "f/x", "real_time", 1000, 0.002)}, {series(kB, "f/x", "real_time", 1050, 0.002)},
                        {.min_effect = min_effect, .metrics = {}})
            .rows.at(0);
    };
    EXPECT_EQ(verdict(0.03).verdict, Verdict::kWorse);
    EXPECT_EQ(verdict(0.10).verdict, Verdict::kSame);
    EXPECT_EQ(verdict(0.0502).verdict, Verdict::kUnclear);
    EXPECT_THAT(verdict(0.0502).reason, HasSubstr("below 5.0 %"));
}

TEST(Compare, NoiseIsUnclear) {
    const ComparedMetric row = time_of(1050, kA, kB, 0.3);
    EXPECT_EQ(row.verdict, Verdict::kUnclear);
    EXPECT_THAT(row.reason, HasSubstr("too noisy"));
}

/// A boot each, one sample of each.
Series by_boot(const std::string& side, const std::vector<double>& values) {
    Series made{"f/x", metric_of("real_time"), {}};
    for (std::size_t i = 0; i < values.size(); ++i) {
        made.samples.push_back({side + std::to_string(i), side + "/" + std::to_string(i), 0, values[i]});
    }
    return made;
}

TEST(Compare, WhatADiffersFromItselfByIsNoChange) {
    // A has two states; B is hardly beyond the slower one, though beyond it every time.
    const ComparedMetric row = compared({by_boot("a", {1000, 1000.1, 1000.2, 1099, 1099.1, 1099.2})},
                                        {by_boot("b", {1101, 1101.1, 1101.2, 1101.3, 1101.4, 1101.5})})
                                   .rows.at(0);
    EXPECT_EQ(row.verdict, Verdict::kUnclear);
    EXPECT_EQ(row.reason, "A differs as much from itself");
    EXPECT_GT(row.difference->ratio_low, 1);
    EXPECT_GT(row.difference->noise_floor, 0.05);
}

TEST(Compare, SameNeedsTheWholeIntervalWithin) {
    const std::vector<double> steady = {1000, 1000.1, 1000.2, 1000.3, 1000.4, 1000.5};
    const std::vector<double> faster_at_times = {900, 900.1, 900.2, 1000.15, 1000.25, 1000.35};
    const std::vector<double> slower_at_times = {1100, 1100.1, 1100.2, 1000.15, 1000.25, 1000.35};
    const auto verdict = [&](const std::vector<double>& b) {
        return compared({by_boot("a", steady)}, {by_boot("b", b)}).rows.at(0).verdict;
    };
    EXPECT_EQ(verdict(steady), Verdict::kSame);
    EXPECT_EQ(verdict(faster_at_times), Verdict::kUnclear);
    EXPECT_EQ(verdict(slower_at_times), Verdict::kUnclear);
}

TEST(Compare, BootsAreTheUnitsWhereThereAreEnough) {
    ASSERT_TRUE(time_of(1100).difference);
    EXPECT_EQ(time_of(1100).difference->unit, Unit::kBoot);
    EXPECT_EQ(time_of(1100).difference->units_a, 6u);
    const ComparedMetric few = time_of(1100, {.side = "a", .boots = 3, .processes = 4}, kB);
    ASSERT_TRUE(few.difference);
    EXPECT_EQ(few.difference->unit, Unit::kProcess);
    EXPECT_EQ(few.difference->units_a, 12u);
    EXPECT_EQ(few.difference->units_b, 12u);
    EXPECT_FALSE(few.difference->allows_for_boots);
}

TEST(Compare, RepetitionsAloneNeverMakeAVerdict) {
    const ComparedMetric row = time_of(2000, {.side = "a", .boots = 1, .processes = 4, .repetitions = 1000}, kB);
    EXPECT_EQ(row.verdict, Verdict::kUncompared);
    EXPECT_THAT(row.reason, HasSubstr("4 processes of 1 boot against 12 processes of 6 boots; 5 processes"));
    ASSERT_TRUE(row.median_a && row.median_b);
    EXPECT_NEAR(row.ratio(), 2, 0.05);
}

TEST(Compare, OneBootIsAllowedToBeDifferent) {
    const SetShape one_a{.side = "a", .boots = 1, .processes = 10};
    const SetShape one_b{.side = "b", .boots = 1, .processes = 10};
    const ComparedMetric little = time_of(1050, one_a, one_b, 0.001);
    EXPECT_EQ(little.verdict, Verdict::kUnclear);
    EXPECT_TRUE(little.difference->allows_for_boots);
    // 1.96 x 2.5 % x sqrt(2)
    EXPECT_NEAR(little.difference->noise_floor, 0.072, 0.002);
    EXPECT_EQ(time_of(1200, one_a, one_b, 0.001).verdict, Verdict::kWorse);

    // Against boots that show how boots differ, here hardly at all, that is what is allowed for.
    const ComparedMetric against_many = time_of(1050, {.side = "a", .boots = 8, .processes = 1}, one_b, 0.001);
    EXPECT_TRUE(against_many.difference->allows_for_boots);
    EXPECT_EQ(against_many.verdict, Verdict::kWorse);

    const Comparison comparison =
        compared({series(one_a, "f/x", "real_time", 1000)}, {series(one_b, "f/x", "real_time", 1000)});
    EXPECT_THAT(comparison.notes, ElementsAre(HasSubstr("1 boot against 1 boot")));
}

TEST(Compare, TheSameBootNeedsNoAllowance) {
    const SetShape one{.side = "a", .boots = 1, .processes = 10};
    Series a = series(one, "f/x", "real_time", 1000, 0.001);
    Series b = series({.side = "b", .boots = 1, .processes = 10}, "f/x", "real_time", 1050, 0.001);
    for (Sample& sample : b.samples) sample.boot = a.samples[0].boot;
    EXPECT_EQ(compared({a}, {b}).rows.at(0).verdict, Verdict::kWorse);
    EXPECT_FALSE(compared({a}, {b}).rows.at(0).difference->allows_for_boots);
    // Boots that are not known are not the same.
    for (Series* side : {&a, &b}) {
        for (Sample& sample : side->samples) sample.boot = "";
    }
    EXPECT_TRUE(compared({a}, {b}).rows.at(0).difference->allows_for_boots);
}

TEST(Compare, WhatIsMissingIsNeverAPass) {
    const std::vector<Series> both = {series(kA, "f/x", "real_time", 1000), series(kA, "f/y", "real_time", 1000)};
    const Comparison gone = compared(both, {series(kB, "f/x", "real_time", 1000)});
    ASSERT_THAT(gone.rows, SizeIs(2));
    EXPECT_EQ(gone.rows[0].verdict, Verdict::kSame);
    EXPECT_EQ(gone.rows[1].verdict, Verdict::kUncompared);
    EXPECT_THAT(gone.rows[1].reason, HasSubstr("not in B"));
    EXPECT_EQ(outcome_of(gone), Outcome::kCannotTell);

    const Comparison added = compared({series(kA, "f/x", "real_time", 1000)},
                                      {series(kB, "f/z", "real_time", 1000), series(kB, "f/x", "real_time", 1000)});
    ASSERT_THAT(added.rows, SizeIs(2));
    EXPECT_EQ(added.rows[1].benchmark, "f/z");
    EXPECT_THAT(added.rows[1].reason, HasSubstr("not in A"));
    EXPECT_EQ(outcome_of(added), Outcome::kCannotTell);

    // A whole benchmark is one line, whatever its metrics.
    const Comparison whole = compared({both[0], both[1], series(kA, "f/y", "latency_p50_ns", 10)}, {both[0]});
    EXPECT_THAT(whole.rows, SizeIs(2));

    // One metric of a benchmark.
    const Comparison metric =
        compared({both[0], series(kA, "f/x", "latency_p50_ns", 10)}, {series(kB, "f/x", "real_time", 1000)});
    ASSERT_THAT(metric.rows, SizeIs(2));
    EXPECT_EQ(metric.rows[1].metric.name, "latency_p50_ns");
    EXPECT_EQ(metric.rows[1].verdict, Verdict::kUncompared);
}

TEST(Compare, ZeroHasNoRatio) {
    Series zero = series(kB, "f/x", "real_time", 1000);
    zero.samples[3].value = 0;
    const Comparison comparison = compared({series(kA, "f/x", "real_time", 1000)}, {zero});
    EXPECT_EQ(comparison.rows.at(0).verdict, Verdict::kUncompared);
    EXPECT_THAT(comparison.rows.at(0).reason, HasSubstr("B has values that are not positive"));
}

TEST(Compare, NothingInCommonIsAnError) {
    const auto none = compare(set_of("A", {}), set_of("B", {}), {});
    ASSERT_FALSE(none.ok());
    EXPECT_EQ(none.error().kind, ErrorKind::kBadInput);
    EXPECT_FALSE(compare(set_of("A", {series(kA, "f/x", "real_time", 1)}), set_of("B", {}), {.metrics = {"no_such"}}));
}

TEST(Compare, ATailAloneProvesNothing) {
    const auto tail_of = [&](double p50_b, double p99_b) {
        const Comparison comparison =
            compared({series(kA, "f/x", "latency_p50_ns", 1000), series(kA, "f/x", "latency_p99_ns", 5000)},
                     {series(kB, "f/x", "latency_p50_ns", p50_b), series(kB, "f/x", "latency_p99_ns", p99_b)});
        return comparison.rows.at(1);
    };
    EXPECT_EQ(tail_of(1000, 9000).verdict, Verdict::kUnclear);
    EXPECT_THAT(tail_of(1000, 9000).reason, HasSubstr("only the tail is worse"));
    EXPECT_EQ(tail_of(1000, 9000).stages.moves.size(), 0u);
    EXPECT_EQ(tail_of(1200, 9000).verdict, Verdict::kWorse);
    EXPECT_EQ(tail_of(800, 9000).verdict, Verdict::kUnclear);  // the body moved the other way
    EXPECT_EQ(tail_of(1000, 5000).verdict, Verdict::kSame);
}

TEST(Compare, ManyBenchmarksNeedMoreEvidenceEach) {
    // Five against five give p = 0.008 at best: enough for one benchmark, not for one among a hundred.
    const SetShape a{.side = "a", .boots = 5, .processes = 1};
    const SetShape b{.side = "b", .boots = 5, .processes = 1};
    std::vector<Series> in_a = {series(a, "f/slow", "real_time", 1000)};
    std::vector<Series> in_b = {series(b, "f/slow", "real_time", 1100)};
    EXPECT_EQ(compared(in_a, in_b).rows.at(0).verdict, Verdict::kWorse);
    for (int i = 0; i < 99; ++i) {
        in_a.push_back(series(a, "f/" + std::to_string(i), "real_time", 1000));
        in_b.push_back(series(b, "f/" + std::to_string(i), "real_time", 1000));
    }
    const ComparedMetric row = compared(in_a, in_b).rows.at(0);
    EXPECT_EQ(row.verdict, Verdict::kUnclear);
    EXPECT_THAT(row.reason, HasSubstr("may be chance"));
}

TEST(Compare, SameInputSameAnswerWhateverElseIsCompared) {
    const std::vector<Series> a = {series(kA, "f/x", "real_time", 1000), series(kA, "f/y", "real_time", 50)};
    const std::vector<Series> b = {series(kB, "f/x", "real_time", 1010), series(kB, "f/y", "real_time", 51)};
    const Difference both = *compared(a, b).rows.at(1).difference;
    const Difference alone = *compared({a[1]}, {b[1]}).rows.at(0).difference;
    EXPECT_EQ(both.ratio_low, alone.ratio_low);
    EXPECT_EQ(both.ratio_high, alone.ratio_high);
    EXPECT_EQ(both.noise_floor, alone.noise_floor);
}

TEST(Compare, OutcomeIsWhatAGateNeeds) {
    const auto outcome = [&](double b, double noise = 0.01) {
        return outcome_of(
            compared({series(kA, "f/x", "real_time", 1000, noise)}, {series(kB, "f/x", "real_time", b, noise)}));
    };
    EXPECT_EQ(outcome(1100), Outcome::kRegression);
    EXPECT_EQ(outcome(900), Outcome::kNoRegression);
    EXPECT_EQ(outcome(1000), Outcome::kNoRegression);
    EXPECT_EQ(outcome(1050, 0.3), Outcome::kCannotTell);  // nothing at all was told
    const Comparison worse_and_missing =
        compared({series(kA, "f/x", "real_time", 1000), series(kA, "f/y", "real_time", 1)},
                 {series(kB, "f/x", "real_time", 1100)});
    EXPECT_EQ(outcome_of(worse_and_missing), Outcome::kRegression);
}

TEST(Compare, SetsThatShareProcessesAreNoted) {
    const std::vector<Series> a = {series(kA, "f/x", "real_time", 1000)};
    EXPECT_THAT(compared(a, a).notes, ElementsAre("12 processes are in both A and B"));
}

}  // namespace
}  // namespace faultline::results
