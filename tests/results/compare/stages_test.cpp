#include "results/compare/stages.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/results/compare/compared.h"
#include "vocabulary/fault_stages.h"

namespace faultline::results {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;
using testing::UnorderedElementsAre;

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

}  // namespace
}  // namespace faultline::results
