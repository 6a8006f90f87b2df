#include "reference/svm/xe/page_table.h"

#include <gtest/gtest.h>

#include <map>
#include <random>

namespace faultline::svm {
namespace {

std::byte* physical(std::uint64_t value) { return reinterpret_cast<std::byte*>(value); }

TEST(PageTable, WalkOfAnEmptyTableFindsNothing) {
    PageTable table;
    EXPECT_FALSE(table.walk({0}).present);
    EXPECT_FALSE(table.walk({1ull << 46}).present);
    EXPECT_FALSE(table.walk({~0ull}).present);
}

TEST(PageTable, UsesTheLargestLeafThatBothAlignmentsAllow) {
    PageTable table;
    const VirtAddr va{0x7f0000000000};
    struct Case {
        std::uint64_t physical, leaf;
    };
    for (const Case c : {Case{kSize2M * 5, kSize2M}, Case{kSize64K * 3, kSize64K}, Case{kPageSize * 7, kPageSize}}) {
        const Interval interval{va, va + kSize2M};
        ASSERT_EQ(0, table.stage(interval, physical(c.physical)));
        table.set(interval, physical(c.physical), {.writable = true});
        const Translation t = table.walk(va + kSize64K + 123);
        EXPECT_TRUE(t.present);
        EXPECT_EQ(c.leaf, t.span.size());
        EXPECT_TRUE(t.span.contains(va + kSize64K + 123));
        EXPECT_EQ(c.physical + kSize64K + 123, t.host);
        EXPECT_TRUE(table.zap(interval));
        EXPECT_FALSE(table.any(interval));
    }
}

TEST(PageTable, PermissionsFollowTheFlags) {
    PageTable table;
    const Interval page{{kSize2M}, {kSize2M + kPageSize}};
    ASSERT_EQ(0, table.stage(page, physical(kPageSize)));
    table.set(page, physical(kPageSize), {.writable = true, .atomic = false, .devmem = false});
    EXPECT_TRUE(table.walk(page.start).permits(Access::kRead));
    EXPECT_TRUE(table.walk(page.start).permits(Access::kWrite));
    EXPECT_FALSE(table.walk(page.start).permits(Access::kAtomic));
    table.set(page, physical(kPageSize), {.writable = false, .atomic = false, .devmem = true});
    EXPECT_FALSE(table.walk(page.start).permits(Access::kWrite));
    EXPECT_TRUE(table.walk(page.start).devmem);
}

TEST(PageTable, ALeafIsClearedWholeWhenPartOfItIsZapped) {
    PageTable table;
    const Interval big{{kSize2M * 8}, {kSize2M * 9}};
    ASSERT_EQ(0, table.stage(big, physical(kSize2M)));
    table.set(big, physical(kSize2M), {});
    EXPECT_TRUE(table.zap({big.start + kPageSize, big.start + 2 * kPageSize}));
    EXPECT_FALSE(table.any(big));

    const Interval mid{{kSize2M * 8}, {kSize2M * 8 + kSize64K}};
    ASSERT_EQ(0, table.stage(mid, physical(kSize64K)));
    table.set(mid, physical(kSize64K), {});
    EXPECT_TRUE(table.zap({mid.start + kPageSize, mid.start + 2 * kPageSize}));
    EXPECT_FALSE(table.any(mid));
}

// Against a plain map of pages, on random schedules of set and zap over four 2 MiB blocks.
TEST(PageTable, AgreesWithAMapOfPages) {
    const auto seed = std::random_device{}();
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937_64 random(seed);
    PageTable table;
    std::map<std::uint64_t, std::uint64_t> model;  // page -> physical
    const VirtAddr base{0x123456000000ull & ~(kSize2M - 1)};
    constexpr std::uint64_t kSizes[] = {kPageSize, kSize64K, kSize2M};

    for (int step = 0; step < 4000; ++step) {
        const std::uint64_t size = kSizes[random() % 3];
        const VirtAddr start = base + (random() % (4 * kSize2M / size)) * size;
        const Interval interval{start, start + size};
        // A range is zapped before another one takes its place, as invalidation does.
        for (VirtAddr a = interval.start; a < interval.end; a = a + kPageSize) {
            const Translation t = table.walk(a);
            if (!t.present) continue;
            for (VirtAddr b = t.span.start; b < t.span.end; b = b + kPageSize) model.erase(b.value);
        }
        table.zap(interval);
        if (random() % 3 != 0) {
            const std::uint64_t where = (1 + random() % 64) * kSizes[random() % 3];
            ASSERT_EQ(0, table.stage(interval, physical(where)));
            table.set(interval, physical(where), {.writable = true});
            for (std::uint64_t offset = 0; offset < size; offset += kPageSize)
                model[start.value + offset] = where + offset;
        }
    }
    for (VirtAddr a = base; a < base + 4 * kSize2M; a = a + kPageSize) {
        const Translation t = table.walk(a);
        const auto it = model.find(a.value);
        ASSERT_EQ(it != model.end(), t.present) << std::hex << a.value;
        if (t.present) {
            ASSERT_EQ(it->second, t.host) << std::hex << a.value;
        }
    }
}

}  // namespace
}  // namespace faultline::svm
