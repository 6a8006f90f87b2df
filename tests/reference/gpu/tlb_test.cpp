// The epoch protocol: after an invalidation returns, no EU uses a translation from before it.
#include "reference/gpu/tlb.h"

#include <gtest/gtest.h>

#include <array>
#include <random>
#include <thread>

#include "reference/svm/core/arena.h"

namespace faultline::gpu {
namespace {

using svm::Access;

/// The compiled hit path, by hand.
bool hits(const Tlb& tlb, std::uint64_t va, Access access, std::uint64_t* host) {
    const TlbEntry& entry = tlb.tlb[tlb_index(va)];
    if (((va >> 12) ^ tlb.key.load(std::memory_order_relaxed)) != entry.tag[static_cast<unsigned>(access)])
        return false;
    *host = va + static_cast<std::uint64_t>(entry.addend);
    return true;
}

svm::Translation translation(std::uint64_t host, bool writable = true, bool atomic = true) {
    svm::Translation t;
    t.present = true;
    t.writable = writable;
    t.atomic = atomic;
    t.host = host;
    return t;
}

struct TlbTest : ::testing::Test {
    svm::SystemClock clock;
    TlbShootdown* shootdown = svm::arena_new<TlbShootdown>(Nanoseconds{}, clock);
    Tlb* tlb = svm::arena_new<Tlb>(*shootdown);
    std::uint64_t host = 0;

    TlbTest() { shootdown->add(*tlb); }
    ~TlbTest() override {
        svm::arena_delete(tlb);
        svm::arena_delete(shootdown);
    }
};

TEST_F(TlbTest, EmptyTlbNeverHits) {
    const std::uint64_t addresses[] = {0, 0x1000, (1ull << 47) - 4096, ~0ull, 1ull << 63, 1ull << 52};
    for (std::uint64_t va : addresses) {
        EXPECT_FALSE(hits(*tlb, va, Access::kRead, &host)) << va;
    }
}

TEST_F(TlbTest, HitsByKindOfAccess) {
    tlb->go_online();
    tlb->fill(0x7000'1234'5678, translation(0x9678, /*writable=*/false, /*atomic=*/true));
    EXPECT_TRUE(hits(*tlb, 0x7000'1234'5ff8, Access::kRead, &host));
    EXPECT_EQ(0x9ff8u, host);
    EXPECT_FALSE(hits(*tlb, 0x7000'1234'5678, Access::kWrite, &host));
    EXPECT_TRUE(hits(*tlb, 0x7000'1234'5678, Access::kAtomic, &host));
    EXPECT_FALSE(hits(*tlb, 0x7000'1234'6678, Access::kRead, &host)) << "next page";
    EXPECT_FALSE(hits(*tlb, 0x7000'1234'5678 + kTlbEntries * 4096ull, Access::kRead, &host))
        << "same entry, other page";
    EXPECT_FALSE(hits(*tlb, 0x7000'1234'5678 | 1ull << 63, Access::kRead, &host)) << "not a user address";
    tlb->go_offline();
}

TEST_F(TlbTest, InvalidationOfAnOfflineEuDoesNotWaitAndEmptiesItsTlb) {
    tlb->go_online();
    tlb->fill(0x5000, translation(0x5000));
    tlb->go_offline();
    shootdown->wait(shootdown->send(1, {{0x5000}, {0x6000}}));
    EXPECT_FALSE(hits(*tlb, 0x5000, Access::kRead, &host)) << "the pending bit spoils every compare";
    tlb->go_online();
    EXPECT_FALSE(tlb->invalidation_pending());
    EXPECT_FALSE(hits(*tlb, 0x5000, Access::kRead, &host)) << "a new epoch";
    tlb->go_offline();
}

TEST_F(TlbTest, EpochsWrapWithoutBringingOldTranslationsBack) {
    tlb->go_online();
    tlb->fill(0x5000, translation(0x5000));
    for (int i = 0; i < 5000; ++i) {
        tlb->acknowledge();
        ASSERT_FALSE(hits(*tlb, 0x5000, Access::kRead, &host)) << "after " << i + 1 << " epochs";
    }
    tlb->go_offline();
}

TEST(TlbIndex, LargePowersOfTwoApartDoNotCollide) {
    for (unsigned shift = 20; shift < 40; ++shift) {
        EXPECT_NE(tlb_index(0x7000'0000'0000), tlb_index(0x7000'0000'0000 + (1ull << shift))) << shift;
    }
}

// Property: EUs copy a page's version out of where the translation leads; the "driver" moves the page, invalidates, and
// then poisons the old place. A reader that uses an old translation afterwards reads the poison.
TEST(TlbProperty, NoEuUsesAnOldTranslationAfterInvalidateReturns) {
    constexpr std::uint64_t kPages = 64;
    constexpr unsigned kEus = 3;
    constexpr std::uint64_t kMoves = 20'000;
    constexpr std::uint64_t kReads = 200'000;
    constexpr std::uint64_t kPoison = ~0ull;
    const unsigned seed = std::random_device{}();
    SCOPED_TRACE("seed " + std::to_string(seed));
    RecordProperty("seed", std::to_string(seed));

    struct alignas(4096) Frame {
        std::atomic<std::uint64_t> words[512];
    };
    // Two frames a page: one is mapped, the other poisoned.
    auto* frames = static_cast<Frame*>(svm::arena_map(Bytes{2 * kPages * sizeof(Frame)}));
    ASSERT_NE(nullptr, frames);
    std::array<std::atomic<std::uint64_t>, kPages> mapped;  // the page table: 0 is absent
    auto frame = [&](std::uint64_t page, unsigned side) -> Frame& { return frames[2 * page + side]; };
    for (std::uint64_t p = 0; p < kPages; ++p) {
        for (unsigned side : {0u, 1u}) frame(p, side).words[0] = side == 0 ? p : kPoison;
        mapped[p] = reinterpret_cast<std::uint64_t>(&frame(p, 0));
    }

    svm::SystemClock clock;
    auto* shootdown = svm::arena_new<TlbShootdown>(Nanoseconds{}, clock);
    std::vector<Tlb*> tlbs;
    for (unsigned i = 0; i < kEus; ++i) {
        tlbs.push_back(svm::arena_new<Tlb>(*shootdown));
        shootdown->add(*tlbs.back());
    }
    std::atomic<bool> stop{false};
    std::atomic<std::uint64_t> wrong{0};
    std::atomic<std::uint64_t> reads{0};
    auto run_eu = [&](Tlb& tlb, unsigned eu_seed) {
        std::mt19937 random(eu_seed);
        while (!stop.load(std::memory_order_relaxed)) {
            tlb.go_online();
            for (std::uint64_t k = random() % 200; k > 0; --k) {
                std::uint64_t page = random() % kPages;
                std::uint64_t va = (page + 0x100) << 12;
                std::uint64_t host = 0;
                if (!hits(tlb, va, Access::kRead, &host)) {
                    if (tlb.invalidation_pending()) tlb.acknowledge();
                    host = mapped[page].load(std::memory_order_acquire);
                    if (host == 0) break;  // a fault: offline, and try again
                    tlb.fill(va, translation(host));
                }
                // Dawdle between lookup and use, where a wait that is too short would be caught.
                for (std::uint64_t d = random() % 40; d > 0; --d) __builtin_ia32_pause();
                if (reinterpret_cast<Frame*>(host)->words[0].load(std::memory_order_relaxed) != page) ++wrong;
                ++reads;
            }
            tlb.go_offline();
            if (random() % 8 == 0) std::this_thread::yield();
        }
    };
    std::vector<std::thread> threads;
    for (unsigned i = 0; i < kEus; ++i) threads.emplace_back(run_eu, std::ref(*tlbs[i]), seed + i + 1);

    std::mt19937 random(seed);
    std::uint64_t moves = 0;
    for (; moves < kMoves || reads < kReads; ++moves) {
        std::uint64_t page = random() % kPages;
        unsigned side = mapped[page] == reinterpret_cast<std::uint64_t>(&frame(page, 0)) ? 0 : 1;
        mapped[page].store(0, std::memory_order_release);  // zap
        svm::VirtAddr va{(page + 0x100) << 12};
        shootdown->wait(shootdown->send(1, {va, va + svm::kPageSize}));
        frame(page, side).words[0].store(kPoison, std::memory_order_relaxed);
        frame(page, 1 - side).words[0].store(page, std::memory_order_relaxed);
        mapped[page].store(reinterpret_cast<std::uint64_t>(&frame(page, 1 - side)), std::memory_order_release);
    }
    stop = true;
    for (std::thread& t : threads) t.join();
    EXPECT_EQ(0u, wrong.load());
    EXPECT_EQ(moves, shootdown->invalidations());

    for (Tlb* tlb : tlbs) svm::arena_delete(tlb);
    svm::arena_delete(shootdown);
    svm::arena_unmap(frames, Bytes{2 * kPages * sizeof(Frame)});
}

}  // namespace
}  // namespace faultline::gpu
