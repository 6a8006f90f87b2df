#include "results/compare.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/fault_stages.h"
#include "results/compare_environment.h"
#include "results/compare_shape.h"
#include "tests/results/compared_sets.h"

namespace faultline::results {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;
using testing::UnorderedElementsAre;

const SetShape kA{.side = "a"};
const SetShape kB{.side = "b"};

SampleSet set_of(const std::string& label, std::vector<Series> series) {
    return {.label = label, .environment = environment("6.18"), .series = std::move(series)};
}

Comparison compared(const std::vector<Series>& a, const std::vector<Series>& b, const CompareOptions& options = {}) {
    const Expected<Comparison> comparison = compare(set_of("A", a), set_of("B", b), options);
    EXPECT_TRUE(comparison.ok()) << comparison.error().message;
    return comparison.ok() ? *comparison : Comparison{};
}

/// One benchmark's time, 1000 ns in A.
ComparedMetric time_of(double b, const SetShape& shape_a = kA, const SetShape& shape_b = kB, double noise = 0.01) {
    const Comparison comparison =
        compared({series(shape_a, "f/x", "real_time", 1000, noise)}, {series(shape_b, "f/x", "real_time", b, noise)});
    EXPECT_THAT(comparison.rows, SizeIs(1));
    return comparison.rows.at(0);
}

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

TEST(Comparable, WhatChangesTimesHasToBeEqual) {
    const SampleSet a = set_of("A", {series(kA, "f/x", "real_time", 1000)});
    for (const char* key : {"device", "model", "env_cpu_model", "env_kernel_debug", "env_cpu_governor"}) {
        SampleSet b = set_of("B", {series(kB, "f/x", "real_time", 1000)});
        b.environment[key] = "another";
        const Expected<Comparison> refused = compare(a, b, {});
        ASSERT_FALSE(refused.ok()) << key;
        EXPECT_EQ(refused.error().kind, ErrorKind::kBadInput);
        EXPECT_THAT(refused.error().message, HasSubstr("against another"));
        EXPECT_THAT(refused.error().message, testing::Not(HasSubstr("\n")));
        const Expected<Comparison> forced = compare(a, b, {.metrics = {}, .force = true});
        ASSERT_TRUE(forced.ok()) << key;
        EXPECT_THAT(forced->notes, ElementsAre(HasSubstr("forced")));
    }
    SampleSet kernel = set_of("B", {series(kB, "f/x", "real_time", 1000)});
    kernel.environment["env_kernel_release"] = "6.19";
    const Expected<Comparison> other_kernel = compare(a, kernel, {});
    ASSERT_TRUE(other_kernel.ok());
    EXPECT_THAT(other_kernel->differences, ElementsAre("kernel: 6.18 -> 6.19"));
}

TEST(Comparable, ASetThatMixesIsNot) {
    SampleSet a = set_of("A", {series(kA, "f/x", "real_time", 1000)});
    a.environment["env_cpu_governor"] = "performance | powersave";
    SampleSet b = a;
    EXPECT_THAT(obstacles(a, b), ElementsAre(HasSubstr("CPU governor: runs of both differ")));
}

// Stages.

/// Times and counters of a benchmark whose every repetition takes 100 faults.
std::vector<Series> faulting(const SetShape& shape, double time, double copy, double bind) {
    return {series(shape, "f/x", "real_time", time),
            series(shape, "f/x", "gt.svm_pagefault_count", 100, 0),
            series(shape, "f/x", "gt.svm_4K_pagefault_us", 100 * (copy + bind + 2)),
            series(shape, "f/x", "gt.svm_device_copy_us", 100 * copy),
            series(shape, "f/x", "gt.svm_4K_bind_us", 50 * bind),
            series(shape, "f/x", "gt.svm_2M_bind_us", 50 * bind)};
}

TEST(Stages, NameWhatMovedAFaultTheLargestFirst) {
    const ComparedMetric row = compared(faulting(kA, 1000, 10, 4), faulting(kB, 1500, 15, 5)).rows.at(0);
    ASSERT_EQ(row.verdict, Verdict::kWorse);
    ASSERT_THAT(row.stages.moves, SizeIs(3));
    EXPECT_FALSE(row.stages.faults);
    EXPECT_EQ(row.stages.moves[0].stage, "pagefault");
    EXPECT_NEAR(row.stages.moves[0].change_us(), 6, 0.5);
    EXPECT_EQ(row.stages.moves[1].stage, "copy");
    EXPECT_NEAR(row.stages.moves[1].before_us, 10, 0.2);
    EXPECT_NEAR(row.stages.moves[1].after_us, 15, 0.3);
    EXPECT_EQ(row.stages.moves[2].stage, "bind");
    EXPECT_NEAR(row.stages.moves[2].change_us(), 1, 0.2);
}

TEST(Stages, SayWhereThereIsNothingToSay) {
    const ComparedMetric elsewhere = compared(faulting(kA, 1000, 10, 4), faulting(kB, 1500, 10, 4)).rows.at(0);
    EXPECT_THAT(elsewhere.stages.moves, IsEmpty());
    EXPECT_THAT(elsewhere.stages.reason, HasSubstr("no stage"));
    EXPECT_THAT(time_of(1100).stages.reason, HasSubstr("no GT counters"));
    EXPECT_THAT(time_of(1000).stages.reason, IsEmpty());  // nothing to explain
}

TEST(Stages, ThatOnlyVaryDidNotMove) {
    std::vector<Series> a = faulting(kA, 1000, 10, 4);
    std::vector<Series> b = faulting(kB, 1500, 15, 4);
    a.push_back(series(kA, "f/x", "gt.svm_tlb_inval_us", 100, 0.6));
    b.push_back(series(kB, "f/x", "gt.svm_tlb_inval_us", 104, 0.6));
    const ComparedMetric row = compared(a, b).rows.at(0);
    EXPECT_FALSE(row.stages.moves.empty());
    for (const StageMove& move : row.stages.moves) EXPECT_NE(move.stage, "tlb_inval");
}

TEST(Stages, AreThoseOfAllThatReportThem) {
    std::vector<Series> a = faulting(kA, 1000, 10, 4);
    std::vector<Series> b = faulting(kB, 1500, 10, 4);
    for (const FaultStage& stage : kFaultStages) {
        if (stage.name == "pagefault" || stage.name == "copy" || stage.name == "bind") continue;  // faulting() has them
        for (const std::string_view counter : stage.counters()) {
            const double us = 100.0 / static_cast<double>(stage.counters().size());
            a.push_back(series(kA, "f/x", "gt." + std::string(counter), us));
            b.push_back(series(kB, "f/x", "gt." + std::string(counter), 2 * us));
        }
    }
    const Stages stages = compared(a, b).rows.at(0).stages;
    std::vector<std::string> moved;
    for (const StageMove& move : stages.moves) {
        moved.push_back(move.stage);
        EXPECT_NEAR(move.before_us, 1, 0.05) << move.stage;
        EXPECT_NEAR(move.after_us, 2, 0.1) << move.stage;
    }
    EXPECT_THAT(moved, UnorderedElementsAre("queue_wait", "get_pages", "migrate", "tlb_inval"));
}

TEST(Stages, AreByFaultNotByRun) {
    // Twice the faults, each as long as before: no stage moved.
    std::vector<Series> b = faulting(kB, 2000, 10, 4);
    for (Series& series : b) {
        if (series.metric.name == "real_time") continue;
        for (Sample& sample : series.samples) sample.value *= 2;
    }
    const Stages stages = compared(faulting(kA, 1000, 10, 4), b).rows.at(0).stages;
    EXPECT_THAT(stages.moves, IsEmpty());
    ASSERT_TRUE(stages.faults);
    EXPECT_DOUBLE_EQ(stages.faults->before, 100);
    EXPECT_DOUBLE_EQ(stages.faults->after, 200);
    EXPECT_THAT(stages.reason, IsEmpty());
}

// Shapes.

TEST(Shapes, AreRatiosToEachSidesOwnBaseline) {
    const SampleSet a = set_of("A", {series(kA, "f/x/threads:1", "real_time", 1000),
                                     series(kA, "f/x/threads:2", "real_time", 600), series(kA, "g/y", "real_time", 7)});
    const SampleSet b =
        set_of("B", {series(kB, "f/x/threads:1", "real_time", 50000), series(kB, "f/x/threads:2", "real_time", 40000)});
    const Expected<ShapeComparison> shapes = compare_shapes(a, b, "real_time");
    ASSERT_TRUE(shapes.ok());
    ASSERT_THAT(shapes->rows, SizeIs(2));
    EXPECT_EQ(shapes->rows[0].shape_a, 1);
    EXPECT_EQ(shapes->rows[1].baseline, "f/x/threads:1");
    EXPECT_NEAR(shapes->rows[1].shape_a, 0.6, 0.01);
    EXPECT_NEAR(shapes->rows[1].shape_b, 0.8, 0.01);
    EXPECT_LT(shapes->rows[1].ratio_low, 4.0 / 3);
    EXPECT_GT(shapes->rows[1].ratio_high, 4.0 / 3);
    EXPECT_NEAR(shapes->rows[1].ratio_low, 4.0 / 3, 0.05);
    EXPECT_THAT(shapes->missing, ElementsAre("g/y"));
    EXPECT_FALSE(compare_shapes(a, b, "no_such").ok());
}

TEST(Shapes, AreForDifferentKinds) {
    SampleSet a = set_of("A", {});
    SampleSet b = set_of("B", {});
    EXPECT_FALSE(different_kinds(a, b));
    b.environment["device_kind"] = "reference";
    EXPECT_TRUE(different_kinds(a, b));
    b.environment.erase("device_kind");
    EXPECT_FALSE(different_kinds(a, b));
}

}  // namespace
}  // namespace faultline::results
