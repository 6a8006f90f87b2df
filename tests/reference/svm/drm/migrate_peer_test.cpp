// Pages between devices: over the link where there is one, and never lost where there is none.

#include <gtest/gtest.h>

#include <cerrno>

#include "tests/reference/svm/drm/migrate_fixture.h"

namespace faultline::svm::test {
namespace {

INSTANTIATE_TEST_SUITE_P(, Migrate, ::testing::Bool(), [](const auto& test) { return test.param ? "Move" : "Remap"; });

TEST_P(Migrate, PagesOfAPeerComeOverTheLink) {
    for (const std::uint64_t size : {kPageSize, kSize64K, kSize2M}) {
        expect_free(kPeer);  // of the last round's pages: unmaps are told a moment later
        Mapping memory(size);
        memory.fill();
        ASSERT_EQ(0, to_device(memory.interval(), 0));
        ASSERT_EQ(0, to_device(memory.interval(), kPeer));
        EXPECT_EQ(pagemap[kPeer], mm->residency(memory.start()));
        expect_free(0);  // the source's pages are free
        EXPECT_EQ(size, vram[kPeer]->used().count);
        expect_filled(memory, 0, memory.word_count());
    }
    EXPECT_EQ((kPageSize + kSize64K + kSize2M) >> 10, stats[0]->get(GtStat::kSvmCpuCopyKb))
        << "source_peer_migrates: the device that holds the pages copies them out";
    EXPECT_EQ(0u, stats[kPeer]->get(GtStat::kSvmDeviceCopyKb));
}

TEST_P(Migrate, SystemAndPeerPagesComeTogether) {
    Mapping memory(kSize2M);
    memory.fill();
    ASSERT_EQ(0, to_device({memory.start() + kSize64K, memory.start() + 2 * kSize64K}, 0));
    ASSERT_EQ(0, to_device({memory.start() + 4 * kSize64K, memory.start() + 5 * kSize64K}, 0));
    engines[0].copies = engines[kPeer].copies = 0;
    ASSERT_EQ(0, to_device(memory.interval(), kPeer));
    EXPECT_EQ(2u, engines[0].copies) << "one for each run of pages that it holds";
    EXPECT_EQ(3u, engines[kPeer].copies);
    EXPECT_EQ(MmScan::kEqual, mm->scan(memory.interval(), pagemap[kPeer]));
    expect_free(0);
    expect_filled(memory, 0, memory.word_count());
}

TEST_P(Migrate, SomeThereAndSomeNotIsBusy) {
    Mapping memory(kSize2M);
    memory.fill();
    ASSERT_EQ(0, to_device({memory.start(), memory.start() + kSize64K}, kPeer));
    ASSERT_EQ(0, to_device({memory.start() + kSize64K, memory.start() + 2 * kSize64K}, 0));
    EXPECT_EQ(-EBUSY, to_device(memory.interval(), kPeer)) << "fragmentation";
    EXPECT_EQ(-EBUSY, to_device(memory.interval(), kForeign)) << "no interconnect";
    EXPECT_EQ(MmScan::kMixed, mm->scan(memory.interval(), pagemap[kPeer]));
    ASSERT_EQ(0, mm->evict(memory.interval()));
    EXPECT_EQ(0, to_device(memory.interval(), kForeign)) << "system untangles it";
    expect_filled(memory, 0, memory.word_count());
}

TEST_P(Migrate, AFailedCopyBetweenDevicesLosesNothing) {
    Mapping memory(kSize2M);
    memory.fill();
    ASSERT_EQ(0, to_device({memory.start() + kSize64K, memory.start() + 2 * kSize64K}, 0));
    for (const int broken : {0, kPeer}) {
        engines[broken].fail = true;
        EXPECT_EQ(-EIO, to_device(memory.interval(), kPeer));
        engines[broken].fail = false;
        EXPECT_EQ(pagemap[0], mm->residency(memory.start() + kSize64K));
        EXPECT_EQ(nullptr, mm->residency(memory.start()));
        expect_free(kPeer);
    }
    expect_filled(memory, 0, memory.word_count());
}

TEST_P(Migrate, WithoutInterconnectPeersAreForeign) {
    Policy off = *parse_policy("xe-7.0,interconnect=off");
    for (const auto& each : device) ASSERT_EQ(0, each->set_policy(off));
    Mapping memory(kSize64K);
    memory.fill();
    ASSERT_EQ(0, to_device(memory.interval(), 0));
    EXPECT_EQ(-EBUSY, to_device(memory.interval(), kPeer));
    expect_filled(memory, 0, memory.word_count());
}

TEST_P(Migrate, TheDestinationCopiesWhereThePolicySaysSo) {
    Policy destination = *parse_policy("xe-7.0,migrate-side=destination");
    ASSERT_EQ(0, device[kPeer]->set_policy(destination));
    Mapping memory(kSize2M);
    memory.fill();
    ASSERT_EQ(0, to_device(memory.interval(), 0));
    engines[0].copies = 0;
    ASSERT_EQ(0, to_device(memory.interval(), kPeer));
    EXPECT_EQ(0u, engines[0].copies);
    EXPECT_EQ(kSize2M >> 10, stats[kPeer]->get(GtStat::kSvmDeviceCopyKb));
    expect_filled(memory, 0, memory.word_count());
}

}  // namespace
}  // namespace faultline::svm::test
