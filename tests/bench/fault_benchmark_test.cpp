// What the fault benchmarks derive from counters and hardware threads.
#include "bench/fault/fault_benchmark.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace faultline::bench {
namespace {

using testing::ElementsAre;

device::GtCounters counters(std::string_view text) {
    const auto parsed = device::GtCounters::parse(text);
    EXPECT_TRUE(parsed.ok());
    return parsed.ok() ? *parsed : device::GtCounters{};
}

TEST(ThreadCounts, DoubleUpToAllHardwareThreads) {
    EXPECT_THAT(thread_counts(1), ElementsAre(1u));
    EXPECT_THAT(thread_counts(8), ElementsAre(1u, 2u, 4u, 8u));
    EXPECT_THAT(thread_counts(12), ElementsAre(1u, 2u, 4u, 8u, 12u));
}

TEST(SizeName, IsTheKernels) {
    EXPECT_EQ(size_name(Bytes{4096}), "4K");
    EXPECT_EQ(size_name(Bytes{65536}), "64K");
    EXPECT_EQ(size_name(Bytes{2u << 20}), "2M");
}

TEST(BytesMadeAccessible, CountsEachRangeOnceBySize) {
    const auto moved = counters(
        "svm_4K_pagefault_count: 3\nsvm_64K_pagefault_count: 2\nsvm_2M_pagefault_count: 5\n"
        "svm_2M_valid_pagefault_count: 4\n");
    EXPECT_EQ(bytes_made_accessible(moved, Bytes{1u << 30}), Bytes{3 * 4096 + 2 * 65536 + (2u << 20)});
}

TEST(BytesMadeAccessible, IsNeverMoreThanTheBuffer) {
    const auto retried = counters("svm_2M_pagefault_count: 100\n");
    EXPECT_EQ(bytes_made_accessible(retried, Bytes{64u << 20}), Bytes{64u << 20});
}

TEST(BytesMadeAccessible, IsNothingWithoutTheCounters) {
    EXPECT_EQ(bytes_made_accessible(counters("svm_pagefault_count: 9\n"), Bytes{1u << 20}), Bytes{0});
}

}  // namespace
}  // namespace faultline::bench
