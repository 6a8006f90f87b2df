// Advice: VMAs are split and merged, ranges across an end removed, and faults go where they were told to.

#include <gtest/gtest.h>

#include <array>

#include "tests/reference/svm/mapping.h"
#include "tests/reference/svm/soft_eu.h"

namespace faultline::svm::test {
namespace {

class Advice : public SvmFixture {
protected:
    static PreferredLocation to_system() { return {.where = PreferredLocation::Where::kSystem}; }
    PreferredLocation to_device(unsigned of, unsigned region = 0) const {
        return {.where = PreferredLocation::Where::kDevice, .device = devices[of].get(), .region_instance = region};
    }
    std::size_t vmas(Interval interval) { return vm->query_mem_range_attrs(interval, {}); }
};

TEST_F(Advice, VmasAreSplitAndMerged) {
    start();
    const Interval whole{{1ull << 30}, {3ull << 30}};
    const Interval middle{{3ull << 29}, {2ull << 30}};
    ASSERT_EQ(1u, vmas(whole));
    ASSERT_EQ(0, vm->madvise(middle, to_system()));
    std::array<MemRangeAttr, 3> attrs;
    ASSERT_EQ(3u, vm->query_mem_range_attrs(whole, attrs));
    EXPECT_TRUE(attrs[0].attr.is_default());
    EXPECT_EQ(middle, attrs[1].interval);
    EXPECT_EQ(PreferredLocation::Where::kSystem, attrs[1].attr.preferred_loc.where);
    EXPECT_TRUE(attrs[2].attr.is_default());
    ASSERT_EQ(0, vm->madvise(middle, AtomicAccess::kCpu)) << "the other attribute stays";
    ASSERT_EQ(3u, vm->query_mem_range_attrs(whole, attrs));
    EXPECT_EQ(PreferredLocation::Where::kSystem, attrs[1].attr.preferred_loc.where);
    EXPECT_EQ(AtomicAccess::kCpu, attrs[1].attr.atomic_access);
    ASSERT_EQ(0, vm->madvise(middle, AtomicAccess::kUndefined));
    ASSERT_EQ(0, vm->madvise(middle, PreferredLocation{}));
    EXPECT_EQ(1u, vmas(whole)) << "all alike again";
}

TEST_F(Advice, MalformedAdviceIsRefused) {
    start();
    EXPECT_EQ(-EINVAL, vm->madvise({{1ull << 30}, {1ull << 30}}, to_system()));
    EXPECT_EQ(-EINVAL, vm->madvise({{(1ull << 30) + 1}, {2ull << 30}}, to_system()));
    EXPECT_EQ(-ENOENT, vm->madvise({{1ull << 30}, {2ull << 30}}, to_device(0, 1))) << "there is one region";
    EXPECT_EQ(1u, vmas({{1ull << 30}, {2ull << 30}}));
}

TEST_F(Advice, FaultsStayInSystemMemoryWhereAdvised) {
    start();
    Mapping memory(2 * kSize2M);
    memory.fill();
    SoftEu eu(*vm, tlb);
    ASSERT_EQ(0, vm->madvise({memory.start(), memory.start() + kSize2M}, to_system()));
    EXPECT_EQ(Mapping::value(1), eu.read(memory.words() + 1));
    EXPECT_EQ(nullptr, mm->residency(memory.start()));
    eu.read(memory.words() + kSize2M / 8);
    EXPECT_EQ(pagemap(), mm->residency(memory.start() + kSize2M)) << "outside of it the default holds";
    eu.add(memory.words() + 1, 5);
    EXPECT_EQ(pagemap(), mm->residency(memory.start())) << "an atomic needs device memory whatever was advised";
    EXPECT_EQ(Mapping::value(1) + 5, memory.words()[1]);
}

// What is mapped is zapped, and the next fault moves it to the device that is preferred now.
TEST_F(Advice, ChangedAdviceTakesEffectAtTheNextAccess) {
    start();
    Mapping memory(kSize2M);
    memory.fill();
    SoftEu eu(*vm, tlb);
    ASSERT_EQ(0, vm->madvise(memory.interval(), to_system()));
    eu.read(memory.words());
    ASSERT_EQ(nullptr, mm->residency(memory.start()));
    ASSERT_EQ(0, vm->madvise(memory.interval(), PreferredLocation{}));
    EXPECT_FALSE(vm->page_table().walk(memory.start()).present);
    EXPECT_EQ(Mapping::value(3), eu.read(memory.words() + 3));
    EXPECT_EQ(pagemap(), mm->residency(memory.start()));
    const std::uint64_t zaps = tlb.invalidations;
    ASSERT_EQ(0, vm->madvise(memory.interval(), PreferredLocation{}));
    EXPECT_EQ(zaps, tlb.invalidations) << "the same advice again zaps nothing";
    EXPECT_TRUE(vm->page_table().walk(memory.start()).present);
}

// A wart of 7.0: pages that are valid are bound where they are (drm_gpusvm_get_pages() looks no further), so that
// advice to stay in system memory takes effect when something else has brought them there.
TEST_F(Advice, PagesOnTheDeviceStayThereUntilSomethingMovesThem) {
    start();
    Mapping memory(kSize2M);
    memory.fill();
    SoftEu eu(*vm, tlb);
    eu.read(memory.words());
    ASSERT_EQ(0, vm->madvise(memory.interval(), to_system()));
    EXPECT_EQ(Mapping::value(3), eu.read(memory.words() + 3));
    EXPECT_EQ(pagemap(), mm->residency(memory.start()));
    memory.words()[4] = 44;
    EXPECT_EQ(44u, eu.read(memory.words() + 4));
    EXPECT_EQ(nullptr, mm->residency(memory.start()));
}

TEST_F(Advice, RangesAcrossAnEndAreEvictedAndRemoved) {
    start();
    Mapping memory(3 * kSize2M);
    memory.fill();
    SoftEu eu(*vm, tlb);
    for (unsigned i = 0; i < 3; ++i) eu.read(memory.words() + i * kSize2M / 8);
    ASSERT_EQ(3u, vm->range_count());
    const Interval advised{memory.start() + kSize64K, memory.start() + 2 * kSize2M + kSize64K};
    ASSERT_EQ(0, vm->madvise(advised, to_system()));
    EXPECT_EQ(1u, vm->range_count()) << "the one in the middle is whole";
    EXPECT_EQ(nullptr, mm->residency(memory.start()));
    EXPECT_EQ(pagemap(), mm->residency(memory.start() + kSize2M));
    vm->check();
    eu.read(memory.words());
    EXPECT_EQ(pagemap(), mm->residency(memory.start())) << "in a range of its own that fits its VMA";
    for (std::uint64_t i = 0; i < memory.word_count(); i += 100)
        ASSERT_EQ(Mapping::value(i), eu.read(memory.words() + i));
}

TEST_F(Advice, AtomicsObeyTheAttribute) {
    start();
    Mapping memory(kSize2M);
    memory.fill();
    SoftEu eu(*vm, tlb);
    ASSERT_EQ(0, vm->madvise(memory.interval(), AtomicAccess::kCpu));
    EXPECT_EQ(-EACCES, eu.fault(memory.start(), Access::kAtomic));
    eu.read(memory.words());
    EXPECT_EQ(pagemap(), mm->residency(memory.start()));
    EXPECT_FALSE(vm->page_table().walk(memory.start()).atomic) << "not even in device memory";
    for (const AtomicAccess access : {AtomicAccess::kDevice, AtomicAccess::kGlobal}) {
        ASSERT_EQ(0, vm->madvise(memory.interval(), access));
        ASSERT_EQ(0, mm->evict(memory.interval()));
        eu.add(memory.words(), 1);
        EXPECT_EQ(pagemap(), mm->residency(memory.start()));
    }
    EXPECT_EQ(Mapping::value(0) + 2, memory.words()[0]);
}

TEST_F(Advice, AtomicsStayWhereTheHardwareDoesThemOnSystemMemory) {
    start("xe-7.0", Bytes{64ull << 20}, {.atomics_on_smem = true});
    Mapping memory(kSize2M);
    memory.fill();
    SoftEu eu(*vm, tlb);
    ASSERT_EQ(0, vm->madvise(memory.interval(), to_system()));
    ASSERT_EQ(0, vm->madvise(memory.interval(), AtomicAccess::kDevice));
    eu.add(memory.words(), 1);
    EXPECT_EQ(nullptr, mm->residency(memory.start()));
    ASSERT_EQ(0, vm->madvise(memory.interval(), AtomicAccess::kGlobal));
    eu.add(memory.words(), 1);
    EXPECT_EQ(pagemap(), mm->residency(memory.start())) << "with the CPU in turns they need device memory";
    EXPECT_EQ(Mapping::value(0) + 2, memory.words()[0]);
}

// DRM_XE_VM_BIND_FLAG_MADVISE_AUTORESET: what the CPU unmaps forgets its advice.
TEST_F(Advice, IsForgottenWhereTheCpuUnmapsIfBoundSo) {
    for (const char* policy : {"xe-7.0", "series-v4"}) {
        SCOPED_TRACE(policy);
        if (vm == nullptr) start();
        ASSERT_EQ(0, device->set_policy(*parse_policy(policy)));
        for (const bool autoreset : {true, false}) {
            Vm* own = new_vm(*device, {.madvise_autoreset = autoreset});
            Mapping memory(4 * kSize2M);
            memory.fill();
            SoftEu eu(*own, tlb);
            ASSERT_EQ(0, own->madvise(memory.interval(), to_system()));
            eu.read(memory.words() + kSize2M / 8);
            ::munmap((memory.start() + kSize2M).ptr(), kSize2M);
            mm->sync();
            eu.read(memory.words());  // the garbage collector runs first
            std::array<MemRangeAttr, 3> attrs;
            if (autoreset) {
                ASSERT_EQ(3u, own->query_mem_range_attrs(memory.interval(), attrs));
                EXPECT_TRUE(attrs[1].attr.is_default());
                EXPECT_EQ((Interval{memory.start() + kSize2M, memory.start() + 2 * kSize2M}), attrs[1].interval);
                EXPECT_FALSE(attrs[0].attr.is_default());
            } else {
                EXPECT_EQ(1u, own->query_mem_range_attrs(memory.interval(), attrs));
            }
            own->check();
            drop(own);
        }
    }
}

// --- With several devices

TEST_F(Advice, APeersMemoryIsAPlaceToPrefer) {
    start("xe-7.0", Bytes{64ull << 20}, {.devices = 3});
    Mapping memory(kSize2M);
    memory.fill();
    SoftEu eu(*vm, tlb);
    ASSERT_EQ(0, vm->madvise(memory.interval(), to_device(1)));
    EXPECT_EQ(Mapping::value(7), eu.read(memory.words() + 7));
    EXPECT_EQ(pagemap(1), mm->residency(memory.start()));
    const Translation t = vm->page_table().walk(memory.start());
    EXPECT_TRUE(t.p2p) << "mapped over the interconnect";
    EXPECT_FALSE(t.devmem);
    EXPECT_FALSE(t.atomic);
    eu.write(memory.words() + 7, 77);
    EXPECT_EQ(77u, memory.words()[7]);
}

TEST_F(Advice, AForeignDeviceIsNoPlaceToPrefer) {
    start("xe-7.0", Bytes{64ull << 20}, {.devices = 3});
    const Interval anywhere{{1ull << 30}, {2ull << 30}};
    EXPECT_EQ(-ENOLINK, vm->madvise(anywhere, to_device(2)));
    EXPECT_EQ(1u, vmas(anywhere));
    EXPECT_EQ(0, vm->madvise(anywhere, to_device(0)));
}

TEST_F(Advice, ARegionInstanceNamesATile) {
    start("xe-7.0", Bytes{64ull << 20}, {.tiles = 2});
    Mapping memory(2 * kSize2M);
    memory.fill();
    SoftEu first(*vm, tlb, 0);
    ASSERT_EQ(0, vm->madvise({memory.start(), memory.start() + kSize2M}, to_device(0, 1)));
    first.read(memory.words());
    EXPECT_EQ(pagemap(0, 1), mm->residency(memory.start()));
    EXPECT_TRUE(vm->page_table(0).walk(memory.start()).devmem) << "tiles of one device share an owner and a bus";
    first.read(memory.words() + kSize2M / 8);
    EXPECT_EQ(pagemap(0, 0), mm->residency(memory.start() + kSize2M)) << "by default the tile that faulted";
}

}  // namespace
}  // namespace faultline::svm::test
