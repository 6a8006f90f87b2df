// The design's invariants, each on random schedules that try to break it, from one printed seed (FAULTLINE_SEED).
//
// Each schedule runs in rounds: threads work on regions of memory, many to a range, so that faults, migrations,
// evictions and unmaps of neighbours meet; then all stop, and the walkers go over every structure. A region's lock says
// who may use it now, so that each word's value is known. The EUs cache translations until they are invalidated.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cerrno>
#include <cstdlib>
#include <mutex>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "tests/reference/svm/mapping.h"
#include "tests/reference/svm/soft_eu.h"
#include "tests/sanitized.h"

namespace faultline::svm::test {
namespace {

using Random = std::mt19937_64;

constexpr std::uint64_t kRegionSize = 4 * kSize64K;
constexpr unsigned kRegions = 24;  // eight to a range of 2 MiB
constexpr std::uint64_t kWords = 8;
constexpr Bytes kVram{4ull << 20};  // the ranges of all regions do not fit
constexpr int kRounds = kSanitized ? 8 : 50;
constexpr int kSteps = 30;

enum Operation : unsigned {
    kEu = 1u << 0,       ///< reads and writes of EUs
    kAtomic = 1u << 1,   ///< and atomics
    kCpu = 1u << 2,      ///< reads and writes of the CPU
    kMigrate = 1u << 3,  ///< prefetch here and there, and eviction
    kUnmap = 1u << 4,    ///< unmap, and map again
    kDiscard = 1u << 5,  ///< MADV_DONTNEED
    kAdvise = 1u << 6,   ///< preferred locations
    kStray = 1u << 7,    ///< accesses to what is not mapped
};

struct Form {
    const char* name;
    const char* policy;
    bool allow_move;
};

class Invariant : public SvmFixture, public ::testing::WithParamInterface<Form> {
protected:
    void run(unsigned operations) {
        // A timeslice would make the CPU wait 5 ms for each page of an atomic.
        start((std::string(GetParam().policy) + ",timeslice=0").c_str(), kVram,
              {.devices = 2, .tiles = 2, .allow_move = GetParam().allow_move});
        const char* wanted = std::getenv("FAULTLINE_SEED");
        const std::uint64_t seed = wanted != nullptr ? std::strtoull(wanted, nullptr, 10) : 20261121;
        std::printf("seed %llu\n", static_cast<unsigned long long>(seed));
        for (int round = 0; round < kRounds && !HasFailure(); ++round) {
            std::vector<std::thread> threads;
            for (unsigned id = 0; id < 4; ++id)
                threads.emplace_back(
                    [=, this] { work(operations, id, seed + static_cast<unsigned>(round) * 16 + id); });
            for (auto& thread : threads) thread.join();
            check_all();
        }
        for (unsigned r = 0; r < kRegions; ++r)
            for (std::uint64_t i = 0; i < kWords; ++i) EXPECT_EQ(regions[r].expected[i], *word(r, i));
    }

private:
    struct Region {
        std::mutex lock;
        std::uint64_t expected[kWords] = {};
    };

    VirtAddr start_of(unsigned r) const { return memory.start() + r * kRegionSize; }
    std::uint64_t* word(unsigned r, std::uint64_t i) const {
        return start_of(r).ptr<std::uint64_t>() + i * (kRegionSize / 8 / kWords) + i;
    }

    /// Drained, and every structure agrees with every other.
    void check_all() {
        mm->sync();
        for (Vm* each : vms) {
            each->garbage_collector_work();
            each->check();
        }
        mm->check();
        for (const auto& each : devices)
            for (unsigned t = 0; t < each->tile_count(); ++t) each->tile(t).vram().check();
    }

    void work(unsigned operations, unsigned id, std::uint64_t seed) {
        Random random(seed);
        mm->sync();
        SoftEu eu(*vms[id / 2], tlb, id % 2);
        for (int step = 0; step < kSteps && !HasFailure(); ++step) {
            const unsigned operation = 1u << random() % 8;
            if ((operations & operation) == 0) continue;
            const auto r = static_cast<unsigned>(random() % kRegions);
            std::lock_guard guard(regions[r].lock);
            do_one(operation, r, eu, random);
        }
    }

    void do_one(unsigned operation, unsigned r, SoftEu& eu, Random& random) {
        Region& region = regions[r];
        const std::uint64_t i = random() % kWords;
        const Interval where{start_of(r), start_of(r) + kRegionSize};
        Vm& of = *vms[random() % vms.size()];
        switch (operation) {
            case kEu:
                EXPECT_EQ(region.expected[i], eu.read(word(r, i)));
                eu.write(word(r, i), region.expected[i] = random());
                break;
            case kAtomic:
                eu.add(word(r, i), 7);
                region.expected[i] += 7;
                break;
            case kCpu:
                EXPECT_EQ(region.expected[i], *word(r, i));
                *word(r, i) = region.expected[i] = random();
                break;
            case kMigrate:
                if (random() % 3 == 0)
                    EXPECT_EQ(0, mm->evict(where));
                else
                    // -EBUSY: the pages moved about for a whole second, as on a busy machine they may.
                    EXPECT_THAT(of.prefetch(where, {.where = static_cast<PrefetchRegion::Where>(random() % 3),
                                                    .tile = static_cast<unsigned>(random() % 2)}),
                                ::testing::AnyOf(0, -EBUSY));
                break;
            case kUnmap: {
                constexpr int kFlags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED;
                ASSERT_NE(MAP_FAILED, ::mmap(where.start.ptr(), kRegionSize, PROT_READ | PROT_WRITE, kFlags, -1, 0));
                std::ranges::fill(region.expected, 0);
                mm->sync();  // as the driver does before the next launch
                break;
            }
            case kDiscard:
                ::madvise(where.start.ptr(), kRegionSize, MADV_DONTNEED);
                std::ranges::fill(region.expected, 0);
                mm->sync();
                break;
            case kAdvise: {
                PreferredLocation preferred;
                preferred.where = static_cast<PreferredLocation::Where>(random() % 2);
                EXPECT_EQ(0, of.madvise(where, preferred));
                break;
            }
            case kStray: {
                SoftEu stray(of, tlb);
                EXPECT_NE(0, stray.access(unmapped.ptr(), Access::kRead, [](void*) {}));
                break;
            }
            default:
                break;
        }
    }

    const Mapping memory{kRegionSize * kRegions};
    const VirtAddr unmapped{kSize64K};  // the mirror's first page, below what the kernel maps
    Region regions[kRegions];
};

TEST_P(Invariant, NoAccessGoesThroughAnOldTranslation) { run(kEu | kCpu | kMigrate | kUnmap); }

TEST_P(Invariant, OnePlaceHoldsTheNewestBytes) { run(kEu | kAtomic | kCpu | kMigrate | kDiscard); }

TEST_P(Invariant, RangesLeaveTheTreeUnmapped) { run(kEu | kUnmap | kAdvise); }

TEST_P(Invariant, PagesAreMappedOnlyWithTheNotifiersSequenceNumber) { run(kEu | kCpu | kMigrate); }

TEST_P(Invariant, AnUnmappedAccessFailsAlone) { run(kEu | kCpu | kUnmap | kStray); }

// Where lockdep is compiled in, an inversion aborts.
TEST_P(Invariant, LocksAreTakenInOrder) { run(~0u); }

INSTANTIATE_TEST_SUITE_P(, Invariant,
                         ::testing::Values(Form{"Xe70", "xe-7.0", true}, Form{"FineGrained", "fine-grained", true},
                                           Form{"SeriesV4", "series-v4", true},
                                           Form{"SeriesV4NoMove", "series-v4", false}),
                         [](const auto& test) { return test.param.name; });

}  // namespace
}  // namespace faultline::svm::test
