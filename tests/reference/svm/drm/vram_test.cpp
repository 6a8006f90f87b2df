#include "reference/svm/drm/vram.h"

#include <gtest/gtest.h>
#include <sys/mman.h>

#include <algorithm>
#include <atomic>
#include <bit>
#include <cerrno>
#include <cstring>
#include <memory>
#include <mutex>
#include <random>
#include <thread>
#include <vector>

#include "reference/svm/core/arena.h"
#include "reference/svm/core/fault_injection.h"

namespace faultline::svm {
namespace {

using namespace literals;

using VramPtr = ArenaPtr<Vram>;

VramPtr make(Bytes size) {
    int err = 1;
    VramPtr vram = Vram::create(size, &err);
    EXPECT_EQ(0, err);
    return vram;
}

Interval interval_of(const VramBlock& block) {
    return {VirtAddr::of(block.base), VirtAddr::of(block.base) + block.size.count};
}

/// Whether an aligned block of this size is free, found the slow and certain way.
bool has_room(const std::vector<VramBlock>& live, VirtAddr base, Bytes vram, std::uint64_t size) {
    for (std::uint64_t at = 0; at < vram.count; at += size) {
        const Interval slot{base + at, base + at + size};
        if (std::none_of(live.begin(), live.end(), [&](auto& block) { return slot.overlaps(interval_of(block)); }))
            return true;
    }
    return false;
}

/// Owns one block and gives it up when asked, unless busy.
class User : public VramUser {
public:
    explicit User(Vram& vram) : vram_(vram) {}
    int evict() override {
        ++asked;
        if (failure != 0) return failure;
        if (asked <= busy_turns) return -EBUSY;
        if (frees_at == kEvict) vram_.free(&block);
        return 0;
    }
    bool try_get() override {
        if (going) return false;
        ++references;
        return true;
    }
    void put() override {
        --references;
        if (frees_at == kPut && asked > 0) vram_.free(&block);
    }
    int alloc(Bytes size, bool may_evict = false) { return vram_.alloc(size, this, may_evict, &block); }
    bool resident() const { return block.base != nullptr; }

    VramBlock block;
    enum { kEvict, kPut, kNever } frees_at = kEvict;
    int busy_turns = 0;  ///< so many times it cannot
    static constexpr int kAlways = 1 << 30;
    int failure = 0;  ///< of every eviction
    bool going = false;
    int asked = 0;
    int references = 0;

private:
    Vram& vram_;
};

/// A VRAM of 8 MiB filled by four users of 2 MiB, the first one least recently used.
class FullVram : public ::testing::Test {
protected:
    void SetUp() override {
        for (auto& user : users) ASSERT_EQ(0, user.alloc(2_MiB));
        ASSERT_EQ(vram->size(), vram->used());
    }
    void TearDown() override {
        for (auto& user : users) {
            EXPECT_EQ(0, user.references);
            if (user.resident()) vram->free(&user.block);
        }
        vram->check();
        EXPECT_EQ(0_B, vram->used());
    }
    VramPtr vram = make(8_MiB);
    User users[4]{User(*vram), User(*vram), User(*vram), User(*vram)};
    User newcomer{*vram};
};

TEST(Vram, SizeIsRoundedDownToHugePages) {
    EXPECT_EQ(6_MiB, make(7_MiB)->size());
    int err = 0;
    EXPECT_EQ(nullptr, Vram::create(1_MiB, &err));
    EXPECT_EQ(-ENOMEM, err);
}

TEST(Vram, EveryFailureOfCreateIsReportedAndTheNextOneSucceeds) {
    int failures = 0;
    for (;; ++failures) {
        ASSERT_LT(failures, 100);
        int err = 0;
        fail_after(FailPoint::kArena, failures, FailTimes::kForEver);
        VramPtr vram(Vram::create(4_MiB, &err));
        fail_never(FailPoint::kArena);
        if (vram != nullptr) break;
        EXPECT_EQ(-ENOMEM, err);
    }
    EXPECT_GE(failures, 3);
    int err = 0;
    EXPECT_EQ(nullptr, Vram::create({1ull << 46}, &err));
    EXPECT_EQ(-ENOMEM, err);
}

TEST(Vram, AllPagesAreThereFromTheStart) {
    const VramPtr vram = make(8_MiB);
    VramBlock block;
    ASSERT_EQ(0, vram->alloc(8_MiB, nullptr, false, &block));
    std::vector<unsigned char> present(8_MiB / Bytes{kPageSize});
    ASSERT_EQ(0, mincore(block.base, block.size.count, present.data()));
    EXPECT_TRUE(std::all_of(present.begin(), present.end(), [](unsigned char p) { return (p & 1) != 0; }));
    EXPECT_TRUE(arena_owns(interval_of(block)));
    vram->free(&block);
}

TEST(Vram, SizesThatAreNoPowerOfTwoAreUsedWhole) {
    const VramPtr vram = make(14_MiB);
    VramBlock blocks[3];
    ASSERT_EQ(0, vram->alloc(8_MiB, nullptr, false, &blocks[0]));
    ASSERT_EQ(0, vram->alloc(4_MiB, nullptr, false, &blocks[1]));
    ASSERT_EQ(0, vram->alloc(2_MiB, nullptr, false, &blocks[2]));
    EXPECT_EQ(14_MiB, vram->used());
    for (auto& block : blocks) vram->free(&block);
    EXPECT_EQ(0, vram->alloc(8_MiB, nullptr, false, &blocks[0]));
    vram->free(&blocks[0]);
    vram->check();
}

TEST(Vram, RefusesWhatIsTooLargeOrFull) {
    const VramPtr vram = make(6_MiB);
    VramBlock block;
    VramBlock small;
    EXPECT_EQ(-EINVAL, vram->alloc(7_MiB, nullptr, true, &block));
    EXPECT_EQ(-EINVAL, vram->alloc(5_MiB, nullptr, true, &block)) << "rounds to 8 MiB";
    EXPECT_EQ(-EINVAL, vram->alloc({~0ull}, nullptr, true, &block));
    ASSERT_EQ(0, vram->alloc(4_MiB, nullptr, false, &block));
    EXPECT_EQ(-ENOMEM, vram->alloc(4_MiB, nullptr, true, &small)) << "a pinned block is not evicted";
    ASSERT_EQ(0, vram->alloc(1_B, nullptr, false, &small));
    EXPECT_EQ(4_KiB, small.size);
    EXPECT_EQ(4_MiB + 4_KiB, vram->used());
    vram->free(&block);
    vram->free(&small);
    EXPECT_EQ(nullptr, block.base);
}

TEST(Vram, RandomBlocksAreAlignedApartAndMergeAgain) {
    const unsigned seed = std::random_device{}();
    SCOPED_TRACE(testing::Message() << "seed " << seed);
    std::mt19937 random(seed);
    constexpr Bytes kSize = 16_MiB;
    const VramPtr vram = make(kSize);
    VramBlock whole;
    ASSERT_EQ(0, vram->alloc(kSize, nullptr, false, &whole));
    const VirtAddr base = VirtAddr::of(whole.base);
    vram->free(&whole);

    std::vector<VramBlock> live;
    Bytes used;
    int refusals = 0;
    for (int step = 0; step < 4000; ++step) {
        if (random() % 16 < 9) {
            VramBlock block;
            const Bytes size{1 + random() % (kPageSize << random() % 11)};
            const int err = vram->alloc(size, nullptr, true, &block);
            if (err != 0) {
                ASSERT_EQ(-ENOMEM, err);
                ++refusals;
                ASSERT_FALSE(has_room(live, base, kSize, std::bit_ceil(std::max(size.count, kPageSize))));
                continue;
            }
            ASSERT_GE(block.size, size);
            ASSERT_TRUE(vram->contains(block.base));
            ASSERT_EQ(0u, VirtAddr::of(block.base).value % std::min(block.size.count, kSize2M));
            for (const VramBlock& other : live) ASSERT_FALSE(interval_of(block).overlaps(interval_of(other)));
            std::memset(block.base, static_cast<int>(random()), block.size.count);  // must not disturb the allocator
            live.push_back(block);
            used = used + block.size;
        } else if (!live.empty()) {
            std::swap(live[random() % live.size()], live.back());
            used = used - live.back().size;
            vram->free(&live.back());
            live.pop_back();
        }
        ASSERT_EQ(used, vram->used());
        if (step % 64 == 0) vram->check();
    }
    for (VramBlock& block : live) vram->free(&block);
    vram->check();
    EXPECT_GT(refusals, 0) << "the VRAM was never full: half of this was not tested";
    EXPECT_EQ(0, vram->alloc(kSize, nullptr, false, &whole));
    vram->free(&whole);
}

TEST_F(FullVram, EvictsNothingUnlessAsked) {
    EXPECT_EQ(-ENOMEM, newcomer.alloc(4_KiB, /*may_evict=*/false));
    for (auto& user : users) EXPECT_EQ(0, user.asked);
}

TEST_F(FullVram, EvictsTheLeastRecentlyUsed) {
    vram->touch(&users[0].block);
    ASSERT_EQ(0, newcomer.alloc(2_MiB, /*may_evict=*/true));
    EXPECT_FALSE(users[1].resident());
    EXPECT_TRUE(users[0].resident() && users[2].resident() && users[3].resident());
    vram->check();
    vram->free(&newcomer.block);
}

TEST_F(FullVram, EvictsAsManyAsTheBlockNeeds) {
    ASSERT_EQ(0, newcomer.alloc(8_MiB, /*may_evict=*/true));
    for (auto& user : users) EXPECT_FALSE(user.resident());
    vram->free(&newcomer.block);
}

TEST_F(FullVram, PassesOverTheBusyAndTheGoing) {
    users[0].busy_turns = User::kAlways;
    users[1].going = true;
    ASSERT_EQ(0, newcomer.alloc(2_MiB, /*may_evict=*/true));
    EXPECT_EQ(1, users[0].asked);
    EXPECT_EQ(0, users[1].asked);
    EXPECT_FALSE(users[2].resident());
    vram->free(&newcomer.block);
}

TEST_F(FullVram, AsksTheBusyAgainBeforeItGivesUp) {
    for (auto& user : users) user.busy_turns = User::kAlways;
    EXPECT_EQ(-ENOMEM, newcomer.alloc(2_MiB, /*may_evict=*/true));
    for (auto& user : users) EXPECT_LT(1, user.asked);
}

TEST_F(FullVram, TakesWhatABusyOneGivesInALaterRound) {
    for (auto& user : users) user.busy_turns = User::kAlways;
    users[0].busy_turns = 3;
    ASSERT_EQ(0, newcomer.alloc(2_MiB, /*may_evict=*/true));
    EXPECT_FALSE(users[0].resident());
    vram->free(&newcomer.block);
}

TEST_F(FullVram, AsksOnceWhereAllFail) {
    for (auto& user : users) user.failure = -EIO;
    EXPECT_EQ(-ENOMEM, newcomer.alloc(2_MiB, /*may_evict=*/true));
    for (auto& user : users) EXPECT_EQ(1, user.asked);
}

TEST_F(FullVram, AsksAgainWhereOneIsBusyAndOthersFail) {
    for (auto& user : users) user.failure = -EIO;
    users[2].failure = 0;
    users[2].busy_turns = 3;
    ASSERT_EQ(0, newcomer.alloc(2_MiB, /*may_evict=*/true));
    EXPECT_FALSE(users[2].resident());
    vram->free(&newcomer.block);
}

TEST_F(FullVram, GivesUpWhenAllAreGoing) {
    for (auto& user : users) user.going = true;
    EXPECT_EQ(-ENOMEM, newcomer.alloc(2_MiB, /*may_evict=*/true));
}

TEST_F(FullVram, ABlockMayBeFreedByTheLastReference) {
    for (auto& user : users) user.frees_at = User::kPut;
    ASSERT_EQ(0, newcomer.alloc(2_MiB, /*may_evict=*/true));
    EXPECT_FALSE(users[0].resident());
    EXPECT_TRUE(users[1].resident());
    vram->free(&newcomer.block);
}

TEST_F(FullVram, GivesUpWhenEvictedBlocksAreHeldByOthers) {
    for (auto& user : users) user.frees_at = User::kNever;
    EXPECT_EQ(-ENOMEM, newcomer.alloc(2_MiB, /*may_evict=*/true));
}

/// A buffer as a driver would have it: its words live in VRAM, or in `saved` once evicted.
class Buffer : public VramUser {
public:
    Buffer(Vram& vram, std::uint64_t id, std::size_t words) : vram_(vram), id_(id), saved_(words, id) {}
    ~Buffer() override {
        if (block_.base != nullptr) vram_.free(&block_);
    }

    int evict() override {
        const std::unique_lock lock(mutex_, std::try_to_lock);
        if (!lock) return -EBUSY;
        if (block_.base == nullptr) return 0;  // another thread was faster
        std::memcpy(saved_.data(), block_.base, bytes());
        std::memset(block_.base, 0xee, bytes());
        vram_.free(&block_);
        ++evictions;
        return 0;
    }
    bool try_get() override {
        int references = references_.load();
        while (references != 0)
            if (references_.compare_exchange_weak(references, references + 1)) return true;
        return false;
    }
    void put() override {
        if (references_.fetch_sub(1) == 1) delete this;
    }

    /// Increments every word in VRAM; false where a word was not what it must be.
    bool increment(std::atomic<int>& out_of_memory) {
        const std::lock_guard lock(mutex_);
        if (block_.base == nullptr) {
            if (vram_.alloc({bytes()}, this, /*may_evict=*/true, &block_) != 0) {
                ++out_of_memory;
                return true;
            }
            std::memcpy(block_.base, saved_.data(), bytes());
        }
        vram_.touch(&block_);
        auto* words = static_cast<std::uint64_t*>(block_.base);
        for (std::size_t i = 0; i < saved_.size(); ++i)
            if (words[i]++ != id_ + increments_) return false;
        ++increments_;
        return true;
    }

    static inline std::atomic<int> evictions{0};

private:
    std::size_t bytes() const { return saved_.size() * sizeof(std::uint64_t); }

    Vram& vram_;
    std::mutex mutex_;
    std::uint64_t id_;
    std::uint64_t increments_ = 0;
    VramBlock block_;
    std::vector<std::uint64_t> saved_;
    std::atomic<int> references_{1};
};

TEST(Vram, ThreadsThatOversubscribeItLoseNoData) {
    const unsigned seed = std::random_device{}();
    const VramPtr vram = make(2_MiB);
    std::atomic<int> out_of_memory{0};
    std::atomic<int> wrong{0};
    constexpr int kThreads = 4;
    constexpr int kSteps = 2000;
    std::vector<std::thread> threads;
    for (unsigned t = 0; t < kThreads; ++t) {
        threads.emplace_back([&, t] {
            std::mt19937 random(seed + t);
            std::vector<Buffer*> mine(8);
            for (int step = 0; step < kSteps; ++step) {
                Buffer*& buffer = mine[random() % mine.size()];
                if (buffer != nullptr && random() % 16 == 0) {
                    buffer->put();
                    buffer = nullptr;
                }
                if (buffer == nullptr) buffer = new Buffer(*vram, random(), 512 << random() % 8);  // 4 to 512 KiB
                if (!buffer->increment(out_of_memory)) ++wrong;
                if (step % 256 == 0) vram->check();
            }
            for (Buffer* buffer : mine)
                if (buffer != nullptr) buffer->put();
        });
    }
    for (auto& thread : threads) thread.join();
    EXPECT_EQ(0, wrong) << "seed " << seed;
    EXPECT_GT(Buffer::evictions, 0) << "the VRAM was never full: nothing was tested";
    EXPECT_LT(out_of_memory, kThreads * kSteps / 10) << "seed " << seed;
    EXPECT_EQ(0_B, vram->used());
    vram->check();
}

}  // namespace
}  // namespace faultline::svm
