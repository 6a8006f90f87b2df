// Fault service on the process's real memory: what every preset has in common.

#include <gtest/gtest.h>

#include <string>
#include <thread>
#include <vector>

#include "tests/reference/svm/mapping.h"
#include "tests/reference/svm/soft_eu.h"

namespace faultline::svm::test {
namespace {

class Svm : public SvmFixture, public ::testing::WithParamInterface<const char*> {
protected:
    void start(const std::string& overrides = "", Bytes vram = Bytes{64ull << 20}) {
        SvmFixture::start((GetParam() + overrides).c_str(), vram);
    }
};

INSTANTIATE_TEST_SUITE_P(, Svm, ::testing::Values("xe-7.0", "fine-grained", "series-v4"), [](const auto& test) {
    std::string name = test.param;
    std::erase_if(name, [](char c) { return c == '-' || c == '.'; });
    return name;
});

TEST_P(Svm, ReadAt2MStrideFaultsOncePerRange) {
    start("", Bytes{128ull << 20});
    Mapping memory(64ull << 20);
    memory.fill();
    SoftEu eu(*vm, tlb);
    for (std::uint64_t offset = 0; offset < 64ull << 20; offset += kSize2M) {
        const std::uint64_t word = offset / 8;
        EXPECT_EQ(Mapping::value(word), eu.read(memory.words() + word));
    }
    EXPECT_EQ(32u, stat(GtStat::kSvmPagefaultCount));
    EXPECT_EQ(32u, stat(GtStat::kSvm2MPagefaultCount));
    EXPECT_EQ(32u, stat(GtStat::kSvm2MMigrateCount));
    EXPECT_EQ(0u, stat(GtStat::kSvm4KPagefaultCount));
    EXPECT_EQ(64u << 10, stat(GtStat::kSvmDeviceCopyKb));
    EXPECT_EQ(32u, vm->range_count());
    EXPECT_EQ(&device->root_tile().pagemap(), mm->residency(memory.start()));
    vm->check();
}

TEST_P(Svm, ReadAt4KStrideWith4KChunksFaultsOncePerPage) {
    start(",chunks=4K");
    Mapping memory(64ull << 20);
    memory.fill();
    SoftEu eu(*vm, tlb);
    for (std::uint64_t offset = 0; offset < 64ull << 20; offset += kPageSize) {
        const std::uint64_t word = offset / 8;
        ASSERT_EQ(Mapping::value(word), eu.read(memory.words() + word));
    }
    EXPECT_EQ(16384u, stat(GtStat::kSvmPagefaultCount));
    EXPECT_EQ(16384u, stat(GtStat::kSvm4KPagefaultCount));
    EXPECT_EQ(0u, stat(GtStat::kSvm4KMigrateCount)) << "4K ranges do not migrate under 7.0";
    EXPECT_EQ(nullptr, mm->residency(memory.start()));
}

TEST_P(Svm, ChunkFitsTheCpuVma) {
    start();
    Mapping memory(kSize64K + kPageSize);
    memory.fill();
    SoftEu eu(*vm, tlb);
    eu.read(memory.words());
    EXPECT_EQ(1u, stat(GtStat::kSvm64KPagefaultCount));
    eu.read(memory.words() + kSize64K / 8);
    EXPECT_EQ(1u, stat(GtStat::kSvm4KPagefaultCount));
}

TEST_P(Svm, SmallChunksNeedTheirCpuPagesPresent) {
    start(",chunks=64K+4K");
    Mapping memory(kSize2M);
    memory.words()[0] = 7;  // one page of the 64K is there
    SoftEu eu(*vm, tlb);
    EXPECT_EQ(7u, eu.read(memory.words()));
    EXPECT_EQ(1u, stat(GtStat::kSvm4KPagefaultCount));
    EXPECT_EQ(0u, stat(GtStat::kSvm64KPagefaultCount));
}

TEST_P(Svm, UntouchedMemoryReadsZeroAndKeepsWrites) {
    start();
    Mapping memory(2 * kSize2M);
    SoftEu eu(*vm, tlb);
    EXPECT_EQ(0u, eu.read(memory.words() + 5));
    eu.write(memory.words() + 5, 55);
    eu.write(memory.words() + kSize2M / 8, 66);
    EXPECT_EQ(55u, memory.words()[5]);
    EXPECT_EQ(66u, memory.words()[kSize2M / 8]);
}

TEST_P(Svm, CpuTouchBringsTheRangeBackAndUnmapsIt) {
    start();
    Mapping memory(kSize2M);
    memory.fill();
    SoftEu eu(*vm, tlb);
    eu.write(memory.words() + 1, 4711);
    ASSERT_EQ(&device->root_tile().pagemap(), mm->residency(memory.start()));
    EXPECT_EQ(4711u, memory.words()[1]);
    EXPECT_EQ(nullptr, mm->residency(memory.start()));
    EXPECT_FALSE(vm->page_table().walk(memory.start()).present);
    EXPECT_EQ(1u, vm->range_count()) << "migration keeps the range";
    EXPECT_EQ(1u, stat(GtStat::kSvmTlbInvalCount));
    for (std::uint64_t i = 2; i < memory.word_count(); ++i) ASSERT_EQ(Mapping::value(i), memory.words()[i]);
    EXPECT_EQ(4711u, eu.read(memory.words() + 1));
    EXPECT_EQ(2u, stat(GtStat::kSvm2MPagefaultCount));
}

TEST_P(Svm, ASecondFaultOnAValidRangeIsCountedValid) {
    start();
    Mapping memory(kSize2M);
    SoftEu eu(*vm, tlb);
    eu.read(memory.words());
    EXPECT_EQ(0, eu.fault(memory.start() + kPageSize, Access::kRead));
    EXPECT_EQ(1u, stat(GtStat::kSvm2MValidPagefaultCount));
    EXPECT_EQ(2u, stat(GtStat::kSvmPagefaultCount));
}

TEST_P(Svm, AtomicsWorkOnlyInDeviceMemory) {
    start(",migrate=off");
    Mapping memory(kSize2M);
    memory.fill();
    SoftEu eu(*vm, tlb);
    EXPECT_EQ(Mapping::value(0), eu.read(memory.words()));
    EXPECT_EQ(nullptr, mm->residency(memory.start()));
    EXPECT_FALSE(vm->page_table().walk(memory.start()).atomic);
    eu.add(memory.words(), 10);
    EXPECT_EQ(&device->root_tile().pagemap(), mm->residency(memory.start()));
    EXPECT_TRUE(vm->page_table().walk(memory.start()).atomic);
    EXPECT_EQ(Mapping::value(0) + 10, memory.words()[0]);
}

TEST_P(Svm, AtomicsOnASmallRangeMigrateIt) {
    start();
    Mapping memory(kPageSize);
    SoftEu eu(*vm, tlb);
    eu.add(memory.words(), 3);
    EXPECT_EQ(1u, stat(GtStat::kSvm4KMigrateCount));
    EXPECT_EQ(3u, memory.words()[0]);
}

// The wart of 7.0: what an atomic needs cannot be had, and the fault is acked as served; the GPU faults again.
TEST_P(Svm, AtomicsOnMemoryThatCannotMigrateAreAckedAndServeNothing) {
    start();
    Mapping memory(kSize2M);
    mm->exclude(memory.interval());
    SoftEu eu(*vm, tlb);
    EXPECT_EQ(0, eu.fault(memory.start(), Access::kAtomic));
    EXPECT_FALSE(vm->page_table().walk(memory.start()).permits(Access::kAtomic));
    EXPECT_EQ(0u, stat(GtStat::kSvm2MMigrateCount));
    EXPECT_FALSE(vm->serves_atomics(memory.start()));
    Mapping ordinary(kSize2M);
    EXPECT_EQ(0, eu.fault(ordinary.start(), Access::kAtomic));
    EXPECT_TRUE(vm->serves_atomics(ordinary.start()));
    EXPECT_EQ(0, vm->madvise(memory.interval(), AtomicAccess::kCpu));
    EXPECT_TRUE(vm->serves_atomics(memory.start())) << "the fault is refused";
}

TEST_P(Svm, FaultsThatCannotBeServedSayWhy) {
    start();
    Mapping nothing(kSize2M, PROT_NONE);
    Mapping constant(kSize2M, PROT_READ);
    SoftEu eu(*vm, tlb);
    EXPECT_EQ(-EPERM, eu.fault(nothing.start(), Access::kRead));
    EXPECT_EQ(-EPERM, eu.fault(constant.start(), Access::kWrite));
    EXPECT_EQ(-EINVAL, eu.fault({kPageSize}, Access::kRead)) << "below the mirror there is no VMA";
    VirtAddr gone;
    {
        Mapping temporary(kSize2M);
        gone = temporary.start();
    }
    EXPECT_EQ(-ENOENT, eu.fault(gone, Access::kRead));
    EXPECT_EQ(0u, vm->range_count());
}

TEST_P(Svm, UnmapCollectsTheRange) {
    start();
    SoftEu eu(*vm, tlb);
    Mapping memory(4 * kSize2M);
    memory.fill();
    for (unsigned i = 0; i < 4; ++i) eu.read(memory.words() + i * kSize2M / 8);
    ASSERT_EQ(4u, vm->range_count());
    ::munmap((memory.start() + kSize2M).ptr(), kSize2M);
    mm->sync();
    EXPECT_FALSE(vm->page_table().any({memory.start() + kSize2M, memory.start() + 2 * kSize2M}));
    EXPECT_EQ(-ENOENT, eu.fault(memory.start() + kSize2M, Access::kRead));
    EXPECT_EQ(3u, vm->range_count());
    EXPECT_EQ(Mapping::value(0), memory.words()[0]);
}

TEST_P(Svm, PartialUnmapDestroysTheWholeRangeButNoData) {
    start();
    SoftEu eu(*vm, tlb);
    Mapping memory(kSize2M);
    memory.fill();
    eu.read(memory.words());
    ::munmap(memory.start().ptr(), kSize64K);
    mm->sync();
    EXPECT_EQ(-ENOENT, eu.fault(memory.start(), Access::kRead));
    const std::uint64_t word = kSize64K / 8 + 3;
    EXPECT_EQ(Mapping::value(word), eu.read(memory.words() + word));
    EXPECT_EQ(Mapping::value(word), memory.words()[word]);
    EXPECT_GT(stat(GtStat::kSvm64KPagefaultCount) + stat(GtStat::kSvm4KPagefaultCount), 0u)
        << "what is left is smaller than 2M";
}

TEST_P(Svm, NewMemoryAtAnOldAddressIsNew) {
    start();
    SoftEu eu(*vm, tlb);
    Mapping memory(kSize2M);
    for (int round = 0; round < 50; ++round) {
        memory.fill(static_cast<std::uint64_t>(round));
        ASSERT_EQ(Mapping::value(9, static_cast<std::uint64_t>(round)), eu.read(memory.words() + 9));
        void* again = ::mmap(memory.start().ptr(), kSize2M, PROT_READ | PROT_WRITE,
                             MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
        ASSERT_EQ(memory.start().ptr(), again);
        mm->sync();
        ASSERT_EQ(0u, eu.read(memory.words() + 9)) << "round " << round;
        ASSERT_EQ(0u, memory.words()[9]);
    }
}

// munmap frees addresses before userfaultfd reports it: another thread may have them while the first is still inside.
TEST_P(Svm, AddressesReusedBeforeMunmapReturnsAreNew) {
    start();
    SoftEu eu(*vm, tlb);
    Mapping memory(kSize2M);
    for (std::uint64_t round = 0; round < 300; ++round) {
        memory.fill(round);
        ASSERT_EQ(Mapping::value(9, round), eu.read(memory.words() + 9));
        std::thread unmapper([&] { ::munmap(memory.start().ptr(), kSize2M); });
        void* again = MAP_FAILED;
        while (again == MAP_FAILED)
            again = ::mmap(memory.start().ptr(), kSize2M, PROT_READ | PROT_WRITE,
                           MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
        memory.words()[10] = round;
        mm->sync();
        ASSERT_EQ(0u, eu.read(memory.words() + 9)) << "round " << round;
        ASSERT_EQ(round, eu.read(memory.words() + 10));
        eu.write(memory.words() + 11, round + 7);
        ASSERT_EQ(round + 7, memory.words()[11]);
        unmapper.join();
    }
}

TEST_P(Svm, EveryVmIsInvalidated) {
    start();
    Vm* other = new_vm();
    Mapping memory(kSize2M);
    memory.fill();
    SoftEu eu(*vm, tlb);
    SoftEu other_eu(*other, tlb);
    EXPECT_EQ(Mapping::value(3), eu.read(memory.words() + 3));
    EXPECT_EQ(Mapping::value(3), other_eu.read(memory.words() + 3));
    eu.write(memory.words() + 3, 33);
    EXPECT_EQ(33u, other_eu.read(memory.words() + 3));
    memory.words()[3] = 44;
    EXPECT_FALSE(vm->page_table().walk(memory.start()).present);
    EXPECT_FALSE(other->page_table().walk(memory.start()).present);
    EXPECT_EQ(44u, other_eu.read(memory.words() + 3));
    drop(other);
}

TEST_P(Svm, EvictionMakesRoom) {
    start("", Bytes{8ull << 20});
    Mapping memory(32ull << 20);
    memory.fill();
    SoftEu eu(*vm, tlb);
    for (int round = 0; round < 3; ++round)
        for (std::uint64_t word = 0; word < memory.word_count(); word += kSize2M / 8)
            ASSERT_EQ(Mapping::value(word), eu.read(memory.words() + word));
    EXPECT_LE(device->root_tile().vram().used().count, 8ull << 20);
    for (std::uint64_t i = 0; i < memory.word_count(); ++i) ASSERT_EQ(Mapping::value(i), memory.words()[i]);
}

TEST_P(Svm, BuffersAreCarvedOutOfTheMirror) {
    start();
    Mapping memory(2 * kSize2M, PROT_NONE);
    int err = 0;
    Bo* bo = Bo::create(device->root_tile(), {kSize2M}, &err);
    ASSERT_NE(nullptr, bo);
    const Interval interval{memory.start(), memory.start() + kSize2M};
    ASSERT_EQ(0, vm->bind_bo(interval, *bo));
    SoftEu eu(*vm, tlb);
    eu.write(memory.words() + 1, 123);
    EXPECT_EQ(123u, reinterpret_cast<std::uint64_t*>(bo->pin(&err))[1]);
    bo->unpin();
    EXPECT_EQ(0u, stat(GtStat::kSvmPagefaultCount));
    EXPECT_EQ(-EINVAL, vm->bind_bo(interval, *bo)) << "already bound";
    ASSERT_EQ(0, vm->unbind(interval));
    EXPECT_EQ(-EPERM, eu.fault(memory.start(), Access::kRead)) << "the mirror again, of memory without access";
    bo->put();
}

TEST_P(Svm, AMirrorWithRangesIsBusy) {
    start();
    Mapping memory(kSize2M);
    SoftEu eu(*vm, tlb);
    eu.read(memory.words());
    EXPECT_EQ(-EBUSY, vm->unbind({{kSize64K}, {1ull << 47}}));
    int err = 0;
    Bo* bo = Bo::create(device->root_tile(), {kPageSize}, &err);
    EXPECT_EQ(-EBUSY, vm->bind_bo({memory.start(), memory.start() + kPageSize}, *bo));
    bo->put();
    EXPECT_EQ(-EINVAL, vm->unbind({memory.start(), memory.start() + kPageSize}));
}

TEST_P(Svm, AClosedVmServesNothing) {
    start();
    Vm* other = new_vm();
    Mapping memory(kSize2M);
    SoftEu eu(*other, tlb);
    eu.read(memory.words());
    other->close();
    EXPECT_EQ(-EINVAL, eu.fault(memory.start(), Access::kRead)) << "its ASID names no VM";
    EXPECT_EQ(0u, other->range_count());
    EXPECT_FALSE(other->page_table().any(memory.interval()));
    other->put();
}

TEST_P(Svm, ManyThreadsFaultOnOnePage) {
    start();
    Mapping memory(kSize2M);
    std::vector<std::thread> threads;
    for (int i = 0; i < 8; ++i)
        threads.emplace_back([&] {
            SoftEu eu(*vm, tlb);
            for (int n = 0; n < 100; ++n) eu.add(memory.words(), 1);
        });
    for (auto& thread : threads) thread.join();
    EXPECT_EQ(800u, memory.words()[0]);
}

}  // namespace
}  // namespace faultline::svm::test
