// Stages of a fault out of GT counters, as kernels of different ages have them.
#include "bench/harness/stages.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace faultline::bench {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::Pair;

auto stages_of(const char* text) { return stages_per_fault(*device::GtCounters::parse(text)); }

TEST(Stages, SumTheSizesAndAreOfEachFault) {
    EXPECT_THAT(stages_of("svm_pagefault_count: 4\nsvm_4K_bind_us: 1\nsvm_64K_bind_us: 0\nsvm_2M_bind_us: 7\n"
                          "svm_device_copy_us: 10\nsvm_cpu_copy_us: 2\nreference_queue_wait_us: 6\n"),
                ElementsAre(Pair("stage.queue_wait_us", 1.5), Pair("stage.copy_us", 3), Pair("stage.bind_us", 2)));
}

TEST(Stages, WhatTheKernelDoesNotCountIsAbsentAndWhatTookNoTimeIsNot) {
    EXPECT_THAT(stages_of("svm_pagefault_count: 1\nsvm_tlb_inval_us: 0\n"), ElementsAre(Pair("stage.tlb_inval_us", 0)));
    EXPECT_THAT(stages_of("svm_pagefault_count: 5\n"), IsEmpty());
}

auto stages_of_ranges(const char* text, std::uint64_t ranges) {
    return stages_per_range(*device::GtCounters::parse(text), ranges);
}

TEST(Stages, OfRangesAreThoseThatMovedWhateverFaults) {
    EXPECT_THAT(stages_of_ranges("svm_pagefault_count: 1\nsvm_64K_migrate_us: 8\nsvm_2M_migrate_us: 4\n"
                                 "svm_cpu_copy_us: 2\nsvm_2M_bind_us: 0\n",
                                 4),
                ElementsAre(Pair("stage.migrate_us", 3), Pair("stage.copy_us", 0.5)));
    EXPECT_THAT(stages_of_ranges("svm_cpu_copy_us: 2\n", 0), IsEmpty());
}

TEST(Stages, WithoutFaultsThereIsNothingToDivide) {
    EXPECT_THAT(stages_of("svm_pagefault_count: 0\nsvm_2M_bind_us: 7\n"), IsEmpty());
    EXPECT_THAT(stages_of("svm_2M_bind_us: 7\n"), IsEmpty());
}

}  // namespace
}  // namespace faultline::bench
