#include "reference/svm/core/arena.h"
#include "reference/svm/core/fault_injection.h"

#include <gtest/gtest.h>
#include <sys/mman.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstring>
#include <random>
#include <thread>
#include <vector>

namespace faultline::svm {
namespace {

using namespace literals;

Interval interval_of(const void* p, std::uint64_t size) { return {VirtAddr::of(p), VirtAddr::of(p) + size}; }

struct Block {
    unsigned char* base;
    std::size_t size, alignment;
    unsigned char fill;
};

Block allocate(std::size_t size, std::size_t alignment, unsigned char fill) {
    Block block{static_cast<unsigned char*>(arena().allocate(size, alignment)), size, alignment, fill};
    std::memset(block.base, fill, size);
    return block;
}

bool intact(const Block& block) {
    return std::all_of(block.base, block.base + block.size, [&](unsigned char c) { return c == block.fill; });
}

void deallocate(const Block& block) { arena().deallocate(block.base, block.size, block.alignment); }

/// Allocates and frees at random: every block is aligned, belongs to the arena, and keeps its bytes until it is freed.
void churn(unsigned seed, int steps) {
    std::mt19937 random(seed);
    std::vector<Block> live;
    for (int step = 0; step < steps; ++step) {
        if (live.size() < 64 && random() % 8 < 5) {
            const auto scale = random() % 19;
            const std::size_t size = 1 + random() % (std::size_t{2} << scale);
            live.push_back(allocate(size, std::size_t{1} << random() % 13, static_cast<unsigned char>(random())));
            const Block& block = live.back();
            ASSERT_EQ(0u, reinterpret_cast<std::uintptr_t>(block.base) % block.alignment) << "seed " << seed;
            ASSERT_TRUE(arena_owns(interval_of(block.base, size))) << "seed " << seed;
        } else if (!live.empty()) {
            std::swap(live[random() % live.size()], live.back());
            ASSERT_TRUE(intact(live.back())) << "seed " << seed << ", step " << step;
            deallocate(live.back());
            live.pop_back();
        }
    }
    for (const Block& block : live) {
        ASSERT_TRUE(intact(block)) << "seed " << seed;
        deallocate(block);
    }
}

TEST(Arena, BlocksAreAlignedAndKeepTheirBytes) { churn(std::random_device{}(), 20000); }

TEST(Arena, ThreadsDoNotDisturbEachOther) {
    const unsigned seed = std::random_device{}();
    std::vector<std::thread> threads;
    for (unsigned i = 0; i < 4; ++i) threads.emplace_back([=] { churn(seed + i, 5000); });
    for (auto& thread : threads) thread.join();
}

TEST(Arena, BlocksFreedByAnotherThreadAreReused) {
    // Far more than the arena could hold if nothing came back.
    constexpr std::size_t kSize = 64 << 10;
    std::vector<void*> seen;
    for (int i = 0; i < 1000; ++i) {
        void* p = arena().allocate(kSize);
        seen.push_back(p);
        std::thread([p] { arena().deallocate(p, kSize); }).join();
    }
    std::sort(seen.begin(), seen.end());
    EXPECT_LT(std::unique(seen.begin(), seen.end()) - seen.begin(), 32);
}

TEST(Arena, MappingsAreZeroedAndAligned) {
    for (const Bytes size : {1_B, 4_KiB, 1_MiB, 2_MiB, 5_MiB}) {
        for (int again = 0; again < 2; ++again) {  // the second one gets the addresses of the first
            auto* p = static_cast<unsigned char*>(arena_map(size));
            ASSERT_NE(nullptr, p);
            EXPECT_EQ(0u, VirtAddr::of(p).value % (size >= 2_MiB ? kSize2M : kPageSize));
            EXPECT_TRUE(std::all_of(p, p + size.count, [](unsigned char c) { return c == 0; }));
            std::memset(p, 0xa5, size.count);
            arena_unmap(p, size);
        }
    }
}

TEST(Arena, MappingsNeverOverlapAndTheirAddressesComeBack) {
    const unsigned seed = std::random_device{}();
    std::mt19937 random(seed);
    struct Mapping {
        void* base;
        Bytes size;
        bool guard;
    };
    std::vector<Mapping> live;
    std::uint64_t highest = 0;
    for (int step = 0; step < 3000; ++step) {
        if (live.size() < 40 && random() % 2 == 0) {
            const Mapping m{nullptr, Bytes{(1 + random() % 1024) * kPageSize}, random() % 2 == 0};
            live.push_back({arena_map(m.size, m.guard), m.size, m.guard});
            ASSERT_NE(nullptr, live.back().base);
            const Interval mine = interval_of(live.back().base, m.size.count);
            for (std::size_t i = 0; i + 1 < live.size(); ++i)
                ASSERT_FALSE(mine.overlaps(interval_of(live[i].base, live[i].size.count))) << "seed " << seed;
            *static_cast<std::uint64_t*>(live.back().base) = 1;
            highest = std::max(highest, mine.end.value);
        } else if (!live.empty()) {
            std::swap(live[random() % live.size()], live.back());
            arena_unmap(live.back().base, live.back().size, live.back().guard);
            live.pop_back();
        }
    }
    for (const Mapping& m : live) arena_unmap(m.base, m.size, m.guard);
    // Whole again: a mapping as large as all that was ever used fits below its end.
    void* whole = arena_map(64_MiB);
    ASSERT_NE(nullptr, whole);
    EXPECT_LT(VirtAddr::of(whole).value, highest) << "seed " << seed;
    arena_unmap(whole, 64_MiB);
}

TEST(ArenaDeathTest, GuardPageAndUnmappedMemoryAreInaccessible) {
    GTEST_FLAG_SET(death_test_style, "threadsafe");
    auto* stack = static_cast<volatile char*>(arena_map(64_KiB, /*guard_below=*/true));
    ASSERT_NE(nullptr, stack);
    stack[0] = 1;
    EXPECT_DEATH(stack[-1] = 1, "");
    auto* gone = const_cast<char*>(stack);
    arena_unmap(gone, 64_KiB, /*guard_below=*/true);
    EXPECT_DEATH(stack[0] = 1, "");
}

TEST(Arena, OwnsItsMemoryAndNobodyElses) {
    void* mine = arena_map(8_KiB);
    void* users = mmap(nullptr, kSize2M, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    int local = 0;
    EXPECT_TRUE(arena_owns(interval_of(mine, 8192)));
    EXPECT_TRUE(arena_owns({VirtAddr::of(mine) - kPageSize, VirtAddr::of(mine) + 1}));
    EXPECT_TRUE(arena_owns({{0}, {~0ull}}));
    EXPECT_FALSE(arena_owns(interval_of(users, kSize2M)));
    EXPECT_FALSE(arena_owns(interval_of(&local, sizeof local)));
    munmap(users, kSize2M);
    arena_unmap(mine, 8_KiB);
}

TEST(Arena, RefusesWhatItCannotHold) {
    EXPECT_EQ(nullptr, arena_map({0}));
    EXPECT_EQ(nullptr, arena_map({~0ull}));
    EXPECT_EQ(nullptr, arena_map({1ull << 46}));
    EXPECT_THROW((void)arena().allocate(std::size_t{1} << 46), std::bad_alloc);
    EXPECT_THROW((void)arena().allocate(~std::size_t{0} >> 1), std::bad_alloc);
}

TEST(Arena, InjectedFailuresStartWhenAskedAndLast) {
    fail_after(FailPoint::kArena, 2, FailTimes::kForEver);
    void* first = arena().allocate(100);
    void* second = arena_map(4_KiB);
    EXPECT_NE(nullptr, second);
    EXPECT_THROW((void)arena().allocate(100), std::bad_alloc);
    EXPECT_EQ(nullptr, arena_map(4_KiB));
    EXPECT_THROW(arena_new<int>(1), std::bad_alloc);
    fail_never(FailPoint::kArena);
    arena().deallocate(first, 100);
    arena_unmap(second, 4_KiB);
    deallocate(allocate(100, 8, 1));
}

TEST(Arena, OwnersAreNullWhereThereIsNoMemory) {
    fail_after(FailPoint::kArena, 0, FailTimes::kOnce);
    EXPECT_EQ(nullptr, make_arena<int>(1));
    fail_never(FailPoint::kArena);
    EXPECT_EQ(1, *make_arena<int>(1));
}

/// Wants more memory than there is, once it has its own.
struct Greedy {
    Greedy() { throw std::bad_alloc(); }
    std::array<std::byte, 128 << 10>
        bytes;  // a mapping of its own: the first that fits, so the next one takes its place
};

TEST(Arena, AConstructorThatFailsGivesItsMemoryBack) {
    const auto next_place = [] {
        const Block block = allocate(sizeof(Greedy), alignof(Greedy), 1);
        deallocate(block);
        return block.base;
    };
    const unsigned char* place = next_place();
    EXPECT_EQ(nullptr, make_arena<Greedy>());
    EXPECT_EQ(place, next_place());
}

TEST(Arena, ServesContainers) {
    std::pmr::vector<std::uint64_t> numbers(&arena());
    for (std::uint64_t i = 0; i < 100000; ++i) numbers.push_back(i);
    for (std::uint64_t i = 0; i < 100000; ++i) ASSERT_EQ(i, numbers[i]);
    EXPECT_TRUE(arena_owns(interval_of(numbers.data(), numbers.size() * sizeof(numbers[0]))));
}

/// Uses the arena before main() and after the static objects made later are gone.
struct Early {
    Early() : block(allocate(300, 8, 0x5a)) {}
    ~Early() {
        if (!intact(block)) std::abort();
        deallocate(block);
        deallocate(allocate(300, 8, 1));
    }
    Block block;
};
Early early;

TEST(Arena, ServesBeforeMain) { EXPECT_TRUE(intact(early.block)); }

}  // namespace
}  // namespace faultline::svm
