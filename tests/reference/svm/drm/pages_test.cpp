// Pages on their own: no range is needed to get, ask about, unmap or free them.

#include "reference/svm/drm/pages.h"

#include <gtest/gtest.h>

#include <climits>

#include "tests/reference/svm/mapping.h"
#include "tests/reference/svm/soft_eu.h"

namespace faultline::svm::test {
namespace {

class PagesAlone : public SvmFixture {
protected:
    /// A notifier that unmaps its pages in the notifier, as a driver does.
    class Owner final : public IntervalNotifier {
    public:
        Owner(GpuSvm& gpusvm, Device& device) : gpusvm_(gpusvm), pages(device), more(device) {}
        void invalidate(const MmuRange&, std::uint64_t seq) override {
            WriteLock lock(gpusvm_.notifier_lock());
            set_seq(seq);
            pages.unmap_in_notifier();
            more.unmap_in_notifier();
        }

    private:
        GpuSvm& gpusvm_;

    public:
        Pages pages;
        Pages more;
    };
    struct NoRanges final : GpuSvmOps {
        Range* range_alloc(Notifier&, Interval, bool) override { return nullptr; }
        void range_free(Range*) override {}
        void invalidate(Notifier&, const MmuRange&) override {}
    };

    void SetUp() override {
        start("xe-7.0", Bytes{64ull << 20}, {.devices = 3});
        gpusvm = arena_new<GpuSvm>(*mm, ops, 512ull << 20, device->policy().chunks());
        owner = arena_new<Owner>(*gpusvm, *device);
        ASSERT_EQ(0, mm->notifier_insert(owner, memory.interval()));
        memory.fill();
    }
    void TearDown() override {
        mm->notifier_remove(owner);
        arena_delete(owner);
        arena_delete(gpusvm);
        SvmFixture::TearDown();
    }
    int get(Pages& pages, PagesContext ctx = {}) { return pages.get(*gpusvm, *owner, memory.interval(), ctx); }
    bool valid(const Pages& pages) {
        ReadLock lock(gpusvm->notifier_lock());
        return pages.valid();
    }
    PagesContext with_peers() const { return {.device_private_owner = pagemap()->owner()}; }

    Mapping memory{kSize2M};
    NoRanges ops;
    GpuSvm* gpusvm = nullptr;
    Owner* owner = nullptr;
};

TEST_F(PagesAlone, StartWithASequenceNumberThatIsNoNotifiers) {
    EXPECT_EQ(static_cast<std::uint64_t>(LONG_MAX), owner->pages.notifier_seq());
    EXPECT_FALSE(valid(owner->pages));
    ASSERT_EQ(0, get(owner->pages));
    EXPECT_EQ(mm->read_begin(*owner), owner->pages.notifier_seq());
    EXPECT_TRUE(valid(owner->pages));
}

TEST_F(PagesAlone, AreInvalidAfterTheNotifierWasTold) {
    ASSERT_EQ(0, get(owner->pages));
    ASSERT_EQ(0, pagemap()->populate_mm(memory.interval(), {}));
    EXPECT_FALSE(valid(owner->pages));
    EXPECT_NE(mm->read_begin(*owner), owner->pages.notifier_seq());
    ASSERT_EQ(0, get(owner->pages, with_peers()));
    EXPECT_TRUE(owner->pages.has_devmem_pages());
    EXPECT_EQ(pagemap(), owner->pages.dpagemap());
}

TEST_F(PagesAlone, SeveralShareOneNotifier) {
    ASSERT_EQ(0, get(owner->pages));
    ASSERT_EQ(0, get(owner->more));
    EXPECT_TRUE(valid(owner->pages) && valid(owner->more));
    ASSERT_EQ(0, ::madvise(memory.start().ptr(), kPageSize, MADV_DONTNEED));
    mm->sync();
    EXPECT_FALSE(valid(owner->pages) || valid(owner->more));
}

TEST_F(PagesAlone, UnmapAndFreeMayComeTwice) {
    ASSERT_EQ(0, get(owner->pages));
    owner->pages.unmap(*gpusvm);
    EXPECT_FALSE(valid(owner->pages));
    owner->pages.unmap(*gpusvm);
    ASSERT_EQ(0, get(owner->pages)) << "and be had again";
    EXPECT_TRUE(valid(owner->pages));
}

TEST_F(PagesAlone, PlacementRules) {
    const Interval half{memory.start(), memory.start() + kSize64K};
    EXPECT_EQ(-EFAULT, get(owner->pages, {.devmem_only = true})) << "system pages";
    ASSERT_EQ(0, pagemap()->populate_mm(half, {}));
    EXPECT_EQ(-EOPNOTSUPP, get(owner->pages, with_peers())) << "device and system pages";
    ASSERT_EQ(0, pagemap()->populate_mm({half.end, half.end + kSize64K}, {}));
    const Interval two{memory.start(), half.end + kSize64K};
    PagesContext ctx = with_peers();
    EXPECT_EQ(-EOPNOTSUPP, owner->pages.get(*gpusvm, *owner, two, ctx)) << "two allocations";
    ctx.allow_mixed = true;
    EXPECT_EQ(0, owner->pages.get(*gpusvm, *owner, two, ctx));
    owner->pages.unmap(*gpusvm);
    ASSERT_EQ(0, mm->evict({half.end, half.end + kSize64K}));
    ASSERT_EQ(0, pagemap(1)->populate_mm({half.end, half.end + kSize64K}, {}));
    EXPECT_EQ(-EOPNOTSUPP, owner->pages.get(*gpusvm, *owner, two, ctx)) << "two pagemaps, mixed or not";
}

TEST_F(PagesAlone, PagesOfAnotherOwnerComeToSystem) {
    ASSERT_EQ(0, pagemap(2)->populate_mm(memory.interval(), {}));
    ASSERT_EQ(0, get(owner->pages, with_peers()));
    EXPECT_FALSE(owner->pages.has_devmem_pages());
    EXPECT_TRUE(owner->pages.has_dma_mapping());
    EXPECT_EQ(nullptr, mm->residency(memory.start()));
    for (std::uint64_t i = 0; i < memory.word_count(); i += 77) ASSERT_EQ(Mapping::value(i), memory.words()[i]);
}

TEST_F(PagesAlone, AnUnmappedRangeIsAFault) {
    std::atomic<bool> unmapped{true};
    EXPECT_EQ(-EFAULT, get(owner->pages, {.unmapped = &unmapped}));
    unmapped = false;
    EXPECT_EQ(0, get(owner->pages, {.unmapped = &unmapped}));
}

}  // namespace
}  // namespace faultline::svm::test
