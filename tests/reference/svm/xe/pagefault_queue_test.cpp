// One page-fault queue by itself: which faults hang on to another, and what its service leaves to do.

#include "reference/svm/xe/pagefault_queue.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cerrno>

#include "tests/reference/svm/xe/some_fault.h"

namespace faultline::svm::test {
namespace {

using ::testing::HasSubstr;

TEST(Pagefault, EngineClassAndInstanceShareAByte) {
    for (const EngineClass c : {EngineClass::kRender, EngineClass::kCopy, EngineClass::kCompute})
        for (const unsigned instance : {0u, 1u, 31u}) {
            EXPECT_EQ(c, engine_class(pack_engine(c, instance)));
            EXPECT_EQ(instance, engine_instance(pack_engine(c, instance)));
        }
}

Interval pages(std::uint64_t first, std::uint64_t count) {
    return {{kSize2M + first * kPageSize}, {kSize2M + (first + count) * kPageSize}};
}

class Chaining : public ::testing::Test {
protected:
    using Pushed = PagefaultQueue::Pushed;
    static constexpr auto kNone = PagefaultQueue::kNoSlot;
    std::uint64_t stat(GtStat id) const { return stats.get(id); }
    unsigned chain_length(PagefaultQueue::Slot slot) const {
        unsigned length = 0;
        for (; slot != kNone; slot = queue.next(slot)) ++length;
        return length;
    }

    GtStats stats;
    PagefaultQueue queue{16, 2, true, stats};
};

TEST_F(Chaining, AFaultInTheWindowHangsOnOnArrival) {
    ASSERT_EQ(Pushed::kQueued, queue.push(fault_at(0)));
    const auto leader = queue.pop(0);
    ASSERT_NE(kNone, leader.slot);
    EXPECT_EQ(Pushed::kChained, queue.push(fault_at(511)));
    EXPECT_EQ(Pushed::kQueued, queue.push(fault_at(512))) << "another window";
    EXPECT_EQ(Pushed::kQueued, queue.push(fault_at(1, Access::kRead, 2))) << "another address space";
    EXPECT_EQ(Pushed::kChained, queue.push(fault_at(2)));
    EXPECT_EQ(0u, queue.complete(0, leader.slot, 0, pages(0, 512)));
    EXPECT_EQ(3u, chain_length(leader.slot));
    queue.release(leader.slot);
    EXPECT_EQ(2u, stat(GtStat::kChainPagefaultCount));
    EXPECT_EQ(2u, stat(GtStat::kChainIrqPagefaultCount));
    EXPECT_EQ(1u, stat(GtStat::kChainDrainIrqPagefaultCount)) << "the queue was empty for the first alone";
    EXPECT_THAT(queue.info(), HasSubstr("pagefault queue queued count: 2\n"));
}

TEST_F(Chaining, AWorkerLinksWhatItComesAcross) {
    queue.push(fault_at(0));
    queue.push(fault_at(1));
    queue.push(fault_at(600));
    const auto first = queue.pop(0);
    const auto second = queue.pop(1);
    EXPECT_EQ(fault_at(600).page_addr, queue.fault(second.slot).page_addr) << "page 1 hangs on to page 0";
    EXPECT_EQ(1u, stat(GtStat::kChainPagefaultCount));
    EXPECT_EQ(0u, stat(GtStat::kChainIrqPagefaultCount));
    EXPECT_EQ(1u, stat(GtStat::kParallelPagefaultCount));
    queue.complete(0, first.slot, 0, pages(0, 512));
    EXPECT_EQ(2u, chain_length(first.slot));
}

TEST_F(Chaining, WhatTheServiceDidNotCoverIsQueuedAgain) {
    queue.push(fault_at(0));
    const auto leader = queue.pop(0);
    queue.push(fault_at(15));
    queue.push(fault_at(16));
    queue.push(fault_at(17));
    EXPECT_EQ(2u, queue.complete(0, leader.slot, 0, pages(0, 16)));
    EXPECT_EQ(2u, chain_length(leader.slot));
    EXPECT_EQ(2u, stat(GtStat::kChainMismatchPagefaultCount));
    queue.release(leader.slot);
    const auto again = queue.pop(0);
    ASSERT_EQ(fault_at(16).page_addr, queue.fault(again.slot).page_addr);
    EXPECT_EQ(Pushed::kQueued, queue.push(fault_at(18))) << "its window is one page now";
    EXPECT_EQ(Pushed::kChained, queue.push(fault_at(16)));
    const auto other = queue.pop(1);
    EXPECT_EQ(fault_at(17).page_addr, queue.fault(other.slot).page_addr);
}

TEST_F(Chaining, AFailureIsTheLeadersAlone) {
    queue.push(fault_at(0));
    const auto leader = queue.pop(0);
    queue.push(fault_at(0));
    EXPECT_EQ(1u, queue.complete(0, leader.slot, -EINVAL, {}));
    EXPECT_EQ(1u, chain_length(leader.slot));
    queue.release(leader.slot);
    const auto again = queue.pop(0);
    EXPECT_FALSE(again.serviced);
}

TEST_F(Chaining, AnAtomicDoesNotHangOnToARead) {
    queue.push(fault_at(0, Access::kRead));
    const auto leader = queue.pop(0);
    EXPECT_EQ(Pushed::kQueued, queue.push(fault_at(1, Access::kAtomic)));
    queue.complete(0, leader.slot, 0, pages(0, 512));
    queue.release(leader.slot);
    EXPECT_FALSE(queue.pop(0).serviced) << "nor is it acked for what served the read";
}

// A fault that came while the range was being served is acked without service; one that came afterwards is not, since
// the range may have been invalidated again.
TEST_F(Chaining, OnlyEarlierFaultsAreAckedForTheLastRange) {
    queue.push(fault_at(0));
    queue.push(fault_at(700));
    const auto leader = queue.pop(0);
    queue.complete(0, leader.slot, 0, pages(0, 1024));  // further than the window that it had
    queue.release(leader.slot);
    queue.push(fault_at(1));
    const auto earlier = queue.pop(0);
    EXPECT_EQ(fault_at(700).page_addr, queue.fault(earlier.slot).page_addr);
    EXPECT_TRUE(earlier.serviced);
    EXPECT_EQ(1u, stat(GtStat::kLastPagefaultCount));
    queue.release(earlier.slot);
    EXPECT_FALSE(queue.pop(0).serviced);
}

TEST(PagefaultQueue, AFullQueueRefuses) {
    GtStats stats;
    PagefaultQueue queue(4, 1, false, stats);
    for (std::uint64_t i = 0; i < 4; ++i) ASSERT_EQ(PagefaultQueue::Pushed::kQueued, queue.push(fault_at(i)));
    EXPECT_EQ(PagefaultQueue::Pushed::kFull, queue.push(fault_at(4)));
    const auto first = queue.pop(0);
    EXPECT_EQ(PagefaultQueue::Pushed::kFull, queue.push(fault_at(4))) << "an entry stays until it is acked";
    queue.complete(0, first.slot, 0, pages(0, 1));
    queue.release(first.slot);
    EXPECT_EQ(PagefaultQueue::Pushed::kQueued, queue.push(fault_at(4)));
}

}  // namespace
}  // namespace faultline::svm::test
