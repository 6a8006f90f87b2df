// Memory of the process at a GPU address of its own, and plain buffers: VMAs that are no mirror.

#include <gtest/gtest.h>

#include <thread>
#include <vector>

#include "tests/reference/svm/mapping.h"
#include "tests/reference/svm/soft_eu.h"

namespace faultline::svm::test {
namespace {

// Below the mirror, which begins at 64K: room for other bindings.
class Bound : public SvmFixture {
protected:
    void start_bare(const char* policy = "xe-7.0", Bytes vram = Bytes{16ull << 20}) {
        start(policy, vram);
        int err = 0;
        own = Vm::create(*device, &err);
        ASSERT_EQ(0, err);
    }
    void TearDown() override {
        if (own != nullptr) drop(own);
        SvmFixture::TearDown();
    }
    static std::uint64_t* word_at(VirtAddr at, std::uint64_t i = 0) { return at.ptr<std::uint64_t>() + i; }

    static constexpr VirtAddr kGpu{1ull << 32};
    Vm* own = nullptr;
};

TEST_F(Bound, AUserptrIsTheProcessesMemoryElsewhere) {
    start_bare();
    Mapping memory(kSize2M);
    memory.fill();
    ASSERT_EQ(0, own->bind_userptr({kGpu, kGpu + kSize2M}, memory.start()));
    SoftEu eu(*own, tlb);
    EXPECT_EQ(Mapping::value(17), eu.read(word_at(kGpu, 17)));
    eu.write(word_at(kGpu, 17), 170);
    EXPECT_EQ(170u, memory.words()[17]);
    EXPECT_EQ(1u, stat(GtStat::kVmaPagefaultCount));
    EXPECT_EQ(kSize2M >> 10, stat(GtStat::kVmaPagefaultKb));
    EXPECT_EQ(0u, stat(GtStat::kSvmPagefaultCount));
    EXPECT_EQ(-EINVAL, own->bind_userptr({kGpu, kGpu + kPageSize}, memory.start())) << "taken";
    EXPECT_EQ(-EINVAL, own->bind_userptr({kGpu + kSize2M, kGpu + 2 * kSize2M}, memory.start() + 1));
    ASSERT_EQ(0, own->unbind({kGpu, kGpu + kSize2M}));
    EXPECT_EQ(-EINVAL, eu.fault(kGpu, Access::kRead));
}

TEST_F(Bound, AUserptrNeverHasDevicePages) {
    start_bare();
    Mapping memory(kSize2M);
    memory.fill();
    SoftEu mirror(*vm, tlb);
    mirror.write(memory.words() + 1, 11);
    ASSERT_EQ(pagemap(), mm->residency(memory.start()));
    ASSERT_EQ(0, own->bind_userptr({kGpu, kGpu + kSize2M}, memory.start()));
    SoftEu eu(*own, tlb);
    EXPECT_EQ(11u, eu.read(word_at(kGpu, 1)));
    EXPECT_EQ(nullptr, mm->residency(memory.start()));
    EXPECT_FALSE(own->page_table().walk(kGpu).devmem);
    EXPECT_EQ(-EACCES, eu.fault(kGpu, Access::kAtomic)) << "and so no atomics";
}

TEST_F(Bound, AUserptrIsRepinnedAfterItsPagesMoved) {
    start_bare();
    Mapping memory(kSize2M);
    memory.fill();
    ASSERT_EQ(0, own->bind_userptr({kGpu, kGpu + kSize2M}, memory.start()));
    SoftEu eu(*own, tlb);
    SoftEu mirror(*vm, tlb);
    for (std::uint64_t round = 0; round < 20; ++round) {
        eu.write(word_at(kGpu, 3), round);
        ASSERT_EQ(round, mirror.read(memory.words() + 3));
        ASSERT_FALSE(own->page_table().walk(kGpu).present) << "migration told the notifier";
    }
    ::munmap(memory.start().ptr(), kSize2M);
    mm->sync();
    EXPECT_FALSE(own->page_table().any({kGpu, kGpu + kSize2M}));
    EXPECT_EQ(-EFAULT, eu.fault(kGpu, Access::kRead)) << "the memory is gone";
}

TEST_F(Bound, ReadOnlyBindingsRefuseWrites) {
    start_bare();
    Mapping memory(kSize2M, PROT_READ);
    ASSERT_EQ(0, own->bind_userptr({kGpu, kGpu + kSize2M}, memory.start(), {.read_only = true}));
    ASSERT_EQ(0, own->bind_cpu_addr_mirror(memory.interval(), {.read_only = true}));
    SoftEu eu(*own, tlb);
    EXPECT_EQ(0u, eu.read(word_at(kGpu)));
    EXPECT_EQ(0u, eu.read(memory.words()));
    for (const VirtAddr at : {kGpu, memory.start()}) {
        EXPECT_EQ(-EPERM, eu.fault(at, Access::kWrite));
        EXPECT_FALSE(own->page_table().walk(at).writable);
    }
}

// --- Plain buffers

TEST_F(Bound, BuffersAndSvmEvictEachOther) {
    start_bare();
    Mapping memory(16ull << 20);
    memory.fill();
    SoftEu mirror(*vm, tlb);
    SoftEu eu(*own, tlb);
    std::vector<Bo*> bos;
    for (std::uint64_t i = 0; i < 6; ++i) {  // 12 MiB of buffers and 16 MiB of SVM in 16 MiB of VRAM
        int err = 0;
        bos.push_back(Bo::create(device->root_tile(), {kSize2M}, &err));
        ASSERT_NE(nullptr, bos.back());
        ASSERT_EQ(0, own->bind_bo({kGpu + i * kSize2M, kGpu + (i + 1) * kSize2M}, *bos.back()));
        eu.write(word_at(kGpu + i * kSize2M, i), 1000 + i);
    }
    for (int round = 0; round < 3; ++round) {
        for (std::uint64_t i = 0; i < memory.word_count(); i += kSize2M / 8)
            ASSERT_EQ(Mapping::value(i), mirror.read(memory.words() + i));
        std::size_t resident = 0;
        for (Bo* bo : bos) resident += bo->in_vram();
        EXPECT_LT(resident, bos.size()) << "SVM took the memory of the least recently used";
        for (std::uint64_t i = 0; i < bos.size(); ++i) {
            ASSERT_EQ(1000 + i, eu.read(word_at(kGpu + i * kSize2M, i))) << "a fault brings it back";
            ASSERT_TRUE(bos[i]->in_vram());
        }
    }
    for (Bo* bo : bos) bo->put();
    drop(own);
    own = nullptr;
    ASSERT_EQ(0, mm->evict_all());
    while (device->root_tile().vram().used().count != 0) std::this_thread::yield();
}

TEST_F(Bound, APinnedBufferStays) {
    start_bare();
    int err = 0;
    Bo* bo = Bo::create(device->root_tile(), {8ull << 20}, &err);
    ASSERT_NE(nullptr, bo);
    std::byte* base = bo->pin(&err);
    ASSERT_NE(nullptr, base);
    Mapping memory(16ull << 20);
    memory.fill();
    SoftEu mirror(*vm, tlb);
    for (std::uint64_t i = 0; i < memory.word_count(); i += kSize2M / 8) mirror.read(memory.words() + i);
    EXPECT_TRUE(bo->in_vram());
    EXPECT_EQ(base, bo->pin(&err));
    bo->unpin();
    bo->unpin();
    bo->put();
}

TEST_F(Bound, ABufferThatCannotBeCopiedStaysWhereItIs) {
    start_bare();
    int err = 0;
    Bo* bo = Bo::create(device->root_tile(), {8ull << 20}, &err);
    ASSERT_EQ(0, own->bind_bo({kGpu, kGpu + (8ull << 20)}, *bo));
    SoftEu eu(*own, tlb);
    eu.write(word_at(kGpu, 5), 5);
    engine.copies_left = 0;
    EXPECT_EQ(-EIO, bo->evict());
    engine.copies_left = -1;
    EXPECT_TRUE(bo->in_vram());
    EXPECT_EQ(5u, eu.read(word_at(kGpu, 5)));
    EXPECT_EQ(0, bo->evict());
    EXPECT_FALSE(bo->in_vram());
    EXPECT_FALSE(own->page_table().any({kGpu, kGpu + (8ull << 20)}));
    engine.copies_left = 0;
    EXPECT_EQ(-EIO, eu.fault(kGpu, Access::kRead));
    engine.copies_left = -1;
    EXPECT_EQ(5u, eu.read(word_at(kGpu, 5)));
    bo->put();
}

TEST_F(Bound, PrefetchAndAdviceTakeOtherBindingsToo) {
    start_bare();
    int err = 0;
    Bo* bo = Bo::create(device->root_tile(), {kSize2M}, &err);
    Mapping memory(kSize2M);
    memory.fill();
    ASSERT_EQ(0, own->bind_bo({kGpu, kGpu + kSize2M}, *bo));
    ASSERT_EQ(0, own->bind_userptr({kGpu + kSize2M, kGpu + 2 * kSize2M}, memory.start()));
    ASSERT_EQ(0, bo->evict());
    ASSERT_EQ(0, own->prefetch({kGpu, kGpu + 2 * kSize2M}, {}));
    EXPECT_TRUE(own->page_table().walk(kGpu).present);
    EXPECT_TRUE(own->page_table().walk(kGpu + kSize2M).present);
    ASSERT_EQ(0, own->madvise({kGpu, kGpu + 2 * kSize2M}, AtomicAccess::kCpu));
    SoftEu eu(*own, tlb);
    EXPECT_EQ(-EACCES, eu.fault(kGpu, Access::kAtomic));
    EXPECT_EQ(Mapping::value(0), eu.read(word_at(kGpu + kSize2M)));
    bo->put();
}

}  // namespace
}  // namespace faultline::svm::test
