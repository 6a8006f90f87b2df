#include "reference/svm/core/gt_stats.h"

#include <gtest/gtest.h>

#include <set>

#include "vocabulary/fault_stages.h"

namespace faultline::svm {
namespace {

// The kernel's names in the kernel's order (xe_gt_stats.c, v7.0), with the counters of the series where it puts them
// and the reference's own at the end: tools read this text.
TEST(GtStats, PrintsTheKernelsNamesInOrder) {
    constexpr const char* kNames[] = {"chain_pagefault_count",
                                      "chain_irq_pagefault_count",
                                      "chain_drain_irq_pagefault_count",
                                      "chain_mismatch_pagefault_count",
                                      "parallel_pagefault_count",
                                      "last_pagefault_count",
                                      "svm_pagefault_count",
                                      "tlb_inval_count",
                                      "svm_tlb_inval_count",
                                      "svm_tlb_inval_us",
                                      "vma_pagefault_count",
                                      "vma_pagefault_kb",
                                      "pagefault_us",
                                      "svm_4K_pagefault_count",
                                      "svm_64K_pagefault_count",
                                      "svm_2M_pagefault_count",
                                      "svm_4K_valid_pagefault_count",
                                      "svm_64K_valid_pagefault_count",
                                      "svm_2M_valid_pagefault_count",
                                      "svm_4K_pagefault_us",
                                      "svm_64K_pagefault_us",
                                      "svm_2M_pagefault_us",
                                      "svm_4K_migrate_count",
                                      "svm_64K_migrate_count",
                                      "svm_2M_migrate_count",
                                      "svm_4K_migrate_us",
                                      "svm_64K_migrate_us",
                                      "svm_2M_migrate_us",
                                      "svm_device_copy_us",
                                      "svm_4K_device_copy_us",
                                      "svm_64K_device_copy_us",
                                      "svm_2M_device_copy_us",
                                      "svm_cpu_copy_us",
                                      "svm_4K_cpu_copy_us",
                                      "svm_64K_cpu_copy_us",
                                      "svm_2M_cpu_copy_us",
                                      "svm_device_copy_kb",
                                      "svm_cpu_copy_kb",
                                      "svm_4K_get_pages_us",
                                      "svm_64K_get_pages_us",
                                      "svm_2M_get_pages_us",
                                      "svm_4K_bind_us",
                                      "svm_64K_bind_us",
                                      "svm_2M_bind_us",
                                      "reference_queue_wait_us"};
    std::string expected;
    for (const char* name : kNames) expected += std::string(name) + ": 0\n";
    EXPECT_EQ(expected, GtStats().print());
}

TEST(GtStats, HasEveryCounterOfAStageAndNoneOfTwo) {
    const std::string printed = "\n" + GtStats().print();
    std::set<std::string_view> seen;
    for (const FaultStage& stage : kFaultStages) {
        EXPECT_FALSE(stage.counters().empty()) << stage.name;
        for (const std::string_view counter : stage.counters()) {
            EXPECT_NE(printed.find("\n" + std::string(counter) + ": "), std::string::npos) << counter;
            EXPECT_TRUE(seen.insert(counter).second) << counter;
        }
    }
}

TEST(GtStats, CountsAndTimes) {
    GtStats stats;
    stats.incr(GtStat::kSvmPagefaultCount);
    stats.incr(GtStat::kSvmPagefaultCount, 4);
    for (int i = 0; i < 10; ++i) stats.add_time(GtStat::kSvm2MBindUs, Nanoseconds(250));
    EXPECT_EQ(5u, stats.get(GtStat::kSvmPagefaultCount));
    EXPECT_EQ(2u, stats.get(GtStat::kSvm2MBindUs)) << "ten times 250 ns are 2 us, not ten times none";
    stats.clear();
    EXPECT_EQ(0u, stats.get(GtStat::kSvmPagefaultCount));
}

TEST(GtStats, PerSizeCountersFollowTheRange) {
    EXPECT_EQ(GtStat::kSvm4KBindUs, gt_stat_of_size(GtStat::kSvm4KBindUs, kPageSize));
    EXPECT_EQ(GtStat::kSvm64KBindUs, gt_stat_of_size(GtStat::kSvm4KBindUs, kSize64K));
    EXPECT_EQ(GtStat::kSvm2MBindUs, gt_stat_of_size(GtStat::kSvm4KBindUs, kSize2M));
}

}  // namespace
}  // namespace faultline::svm
