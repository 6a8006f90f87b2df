// Several devices on one address space: who shares an owner, and what becomes of a page that another device holds.

#include <gtest/gtest.h>

#include <array>
#include <vector>

#include "tests/reference/svm/mapping.h"
#include "tests/reference/svm/soft_eu.h"

namespace faultline::svm::test {
namespace {

// Devices 0 and 1 have a link, device 2 is alone.
class MultiDevice : public SvmFixture {
protected:
    void start3(const char* policy = "xe-7.0") { start(policy, Bytes{64ull << 20}, {.devices = 3}); }
};

TEST_F(MultiDevice, AFastLinkMakesOneOwner) {
    start3();
    EXPECT_EQ(pagemap(0)->owner(), pagemap(1)->owner());
    EXPECT_NE(pagemap(0)->owner(), pagemap(2)->owner());
}

TEST_F(MultiDevice, TilesOfOneDeviceShareAnOwner) {
    start("xe-7.0", Bytes{64ull << 20}, {.devices = 3, .tiles = 2});
    EXPECT_EQ(pagemap(2, 0)->owner(), pagemap(2, 1)->owner());
    EXPECT_NE(pagemap(2, 0)->owner(), pagemap(0, 0)->owner());
}

TEST_F(MultiDevice, WithoutInterconnectEachHasItsOwn) {
    start3("xe-7.0,interconnect=off");
    EXPECT_NE(pagemap(0)->owner(), pagemap(1)->owner());
}

// The link is not transitive: an owner needs a link between any two of its peers.
TEST_F(MultiDevice, AnOwnerIsACliqueOfPeers) {
    start3();
    struct Chain final : Topology {
        bool has_link(unsigned a, unsigned b) const override { return a + 1 == b || b + 1 == a; }
    };
    const Chain chain;
    const auto make = [&](unsigned index) {
        DeviceConfig config = device->config();
        config.tiles[0].vram_size = {4ull << 20};
        config.index = index;
        config.topology = &chain;
        int err = 0;
        return Device::create(config, &err);
    };
    const std::array own = {make(0), make(1), make(2)};
    EXPECT_EQ(own[0]->root_tile().pagemap().owner(), own[1]->root_tile().pagemap().owner());
    EXPECT_NE(own[0]->root_tile().pagemap().owner(), own[2]->root_tile().pagemap().owner());
}

TEST_F(MultiDevice, AFaultTakesPagesFromAPeerOverTheLink) {
    start3();
    Mapping memory(kSize2M);
    memory.fill();
    SoftEu first(*vms[0], tlb);
    SoftEu second(*vms[1], tlb);
    first.write(memory.words() + 5, 55);
    ASSERT_EQ(pagemap(0), mm->residency(memory.start()));
    EXPECT_EQ(55u, second.read(memory.words() + 5));
    EXPECT_EQ(pagemap(1), mm->residency(memory.start()));
    EXPECT_FALSE(vms[0]->page_table().walk(memory.start()).present) << "the first device is told";
    EXPECT_EQ(kSize2M >> 10, stat(GtStat::kSvmCpuCopyKb, 0)) << "the source copies";
    EXPECT_EQ(0u, stat(GtStat::kSvmDeviceCopyKb, 1)) << "and nothing went through system memory";
    EXPECT_EQ(55u, memory.words()[5]);
}

// HMM brings pages of a foreign owner to system memory; migration finds them there.
TEST_F(MultiDevice, PagesOfAForeignDeviceGoThroughSystemMemory) {
    start3();
    Mapping memory(kSize2M);
    memory.fill();
    SoftEu first(*vms[0], tlb);
    SoftEu foreign(*vms[2], tlb);
    first.write(memory.words() + 5, 55);
    EXPECT_EQ(55u, foreign.read(memory.words() + 5));
    EXPECT_EQ(pagemap(2), mm->residency(memory.start()));
    EXPECT_EQ(kSize2M >> 10, stat(GtStat::kSvmCpuCopyKb, 0));
    EXPECT_EQ(kSize2M >> 10, stat(GtStat::kSvmDeviceCopyKb, 2));
}

// Where it does not migrate, a peer's page is mapped where it is; atomics need memory of the device's own.
TEST_F(MultiDevice, APeersPageIsMappedOverTheInterconnect) {
    start3();
    Mapping memory(kSize2M);
    memory.fill();
    SoftEu first(*vms[0], tlb);
    SoftEu second(*vms[1], tlb);
    first.read(memory.words());
    // What the second device prefers is where the page is already.
    ASSERT_EQ(0, vms[1]->madvise(memory.interval(), PreferredLocation{.where = PreferredLocation::Where::kDevice,
                                                                      .device = devices[0].get()}));
    second.write(memory.words() + 1, 11);
    EXPECT_EQ(pagemap(0), mm->residency(memory.start()));
    const Translation t = vms[1]->page_table().walk(memory.start());
    EXPECT_TRUE(t.present && t.p2p && t.writable);
    EXPECT_FALSE(t.devmem || t.atomic);
    EXPECT_EQ(11u, first.read(memory.words() + 1)) << "both see the same bytes";
    second.add(memory.words() + 1, 1);
    EXPECT_EQ(pagemap(1), mm->residency(memory.start()));
    EXPECT_EQ(12u, memory.words()[1]);
}

TEST_F(MultiDevice, MixedPlacementIsEvictedAndRetried) {
    start3();
    Mapping memory(kSize2M);
    memory.fill();
    // 64K in each of two devices, the rest in system memory.
    ASSERT_EQ(0, pagemap(0)->populate_mm({memory.start(), memory.start() + kSize64K}, {}));
    ASSERT_EQ(0, pagemap(2)->populate_mm({memory.start() + kSize64K, memory.start() + 2 * kSize64K}, {}));
    ASSERT_EQ(MmScan::kMixed, mm->scan(memory.interval(), pagemap(0)));
    SoftEu eu(*vm, tlb);
    EXPECT_EQ(Mapping::value(1), eu.read(memory.words() + 1));
    EXPECT_EQ(MmScan::kEqual, mm->scan(memory.interval(), pagemap(0))) << "-EBUSY: only system memory can untangle it";
    for (std::uint64_t i = 0; i < memory.word_count(); i += 64)
        ASSERT_EQ(Mapping::value(i), eu.read(memory.words() + i));
}

// Without migration, get_pages meets the mixture (-EOPNOTSUPP), evicts, and tries again.
TEST_F(MultiDevice, GetPagesRefusesAMixture) {
    start3("xe-7.0,migrate-min=2M,chunks=64K+4K");
    Mapping memory(kSize2M);
    memory.fill();
    ASSERT_EQ(0, pagemap(0)->populate_mm({memory.start(), memory.start() + kPageSize}, {}));
    SoftEu eu(*vm, tlb);
    EXPECT_EQ(Mapping::value(kPageSize / 8), eu.read(memory.words() + kPageSize / 8));
    EXPECT_EQ(nullptr, mm->residency(memory.start()));
    EXPECT_GE(stat(GtStat::kSvm64KPagefaultCount), 2u) << "a retry counts the range again, as in the kernel";
    EXPECT_EQ(1u, stat(GtStat::kSvmPagefaultCount));
}

TEST_F(MultiDevice, OneRangePerDeviceOverTheSamePages) {
    start3();
    Mapping memory(kSize2M);
    memory.fill();
    for (unsigned i = 0; i < 3; ++i) {
        ASSERT_EQ(0, vms[i]->madvise(memory.interval(), PreferredLocation{.where = PreferredLocation::Where::kSystem}));
        SoftEu(*vms[i], tlb).read(memory.words());
        EXPECT_EQ(1u, vms[i]->range_count());
    }
    for (unsigned i = 0; i < 3; ++i) EXPECT_TRUE(vms[i]->page_table().walk(memory.start()).present);
    ::munmap(memory.start().ptr(), kPageSize);
    mm->sync();
    for (unsigned i = 0; i < 3; ++i) EXPECT_FALSE(vms[i]->page_table().any(memory.interval())) << "device " << i;
}

TEST_F(MultiDevice, TilesFaultAndBindEachOnTheirOwn) {
    start("xe-7.0", Bytes{64ull << 20}, {.tiles = 2});
    Mapping memory(kSize2M);
    memory.fill();
    SoftEu first(*vm, tlb, 0);
    SoftEu second(*vm, tlb, 1);
    first.write(memory.words(), 1);
    EXPECT_FALSE(vm->page_table(1).walk(memory.start()).present);
    EXPECT_EQ(1u, second.read(memory.words()));
    EXPECT_EQ(pagemap(0, 1), mm->residency(memory.start())) << "to the tile that faulted";
    EXPECT_FALSE(vm->page_table(0).walk(memory.start()).present) << "migration zaps the other tile";
    EXPECT_EQ(1u, stat(GtStat::kSvmPagefaultCount, 0, 0));
    EXPECT_EQ(1u, stat(GtStat::kSvmPagefaultCount, 0, 1));
    EXPECT_EQ(1u, stat(GtStat::kSvmTlbInvalCount, 0, 0));
    first.read(memory.words());
    second.add(memory.words(), 1);
    EXPECT_EQ(2u, memory.words()[0]);
    vm->check();
}

// As in 7.0, where xe_svm_range_has_pagemap() compares with the faulting tile's VRAM: a range goes to and fro between
// tiles that both use it. A preferred tile ends that; the other one reaches it there.
TEST_F(MultiDevice, TilesTakeARangeFromEachOtherUnlessOneIsPreferred) {
    start("xe-7.0", Bytes{64ull << 20}, {.tiles = 2});
    Mapping memory(kSize2M);
    SoftEu first(*vm, tlb, 0);
    SoftEu second(*vm, tlb, 1);
    for (std::uint64_t i = 0; i < 4; ++i) {
        first.write(memory.words() + 2 * i, i);
        EXPECT_EQ(pagemap(0, 0), mm->residency(memory.start()));
        second.write(memory.words() + 2 * i + 1, i);
        EXPECT_EQ(pagemap(0, 1), mm->residency(memory.start()));
    }
    EXPECT_EQ(4u, stat(GtStat::kSvm2MMigrateCount, 0, 0));
    EXPECT_EQ(4u, stat(GtStat::kSvm2MMigrateCount, 0, 1));

    ASSERT_EQ(0, vm->madvise(memory.interval(),
                             PreferredLocation{.where = PreferredLocation::Where::kDevice, .device = device}));
    for (std::uint64_t i = 0; i < 4; ++i) {
        first.write(memory.words() + 2 * i, 10 + i);
        second.write(memory.words() + 2 * i + 1, 20 + i);
        EXPECT_EQ(pagemap(0, 0), mm->residency(memory.start()));
    }
    EXPECT_EQ(5u, stat(GtStat::kSvm2MMigrateCount, 0, 0));
    EXPECT_EQ(4u, stat(GtStat::kSvm2MMigrateCount, 0, 1));
    EXPECT_TRUE(vm->page_table(1).walk(memory.start()).devmem);
    for (std::uint64_t i = 0; i < 4; ++i) {
        EXPECT_EQ(10 + i, memory.words()[2 * i]);
        EXPECT_EQ(20 + i, memory.words()[2 * i + 1]);
    }
}

}  // namespace
}  // namespace faultline::svm::test
