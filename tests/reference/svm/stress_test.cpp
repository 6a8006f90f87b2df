// EUs, CPU threads and munmap at once on one address space, 10 s, every word checked against a model.
//
// Memory is cut into regions; each has a lock that decides who may use it now, so that the expected value of a word is
// always known, while faults, migrations, evictions and unmaps of different regions (and of neighbours in one notifier
// and one VRAM) run concurrently. Invariants 1 and 2 of the design: a stale translation or a lost page shows as a wrong
// word.

#include <gtest/gtest.h>

#include <chrono>
#include <cstdlib>
#include <memory>
#include <mutex>
#include <random>
#include <thread>
#include <vector>

#include "tests/reference/svm/mapping.h"
#include "tests/reference/svm/soft_eu.h"

namespace faultline::svm::test {
namespace {

struct Region {
    std::mutex lock;
    std::unique_ptr<Mapping> memory;
    std::vector<std::uint64_t> expected;  // one per sampled word
};

constexpr std::uint64_t kRegionBytes = 3 * kSize2M + kSize64K + kPageSize;  // all three chunk sizes occur
constexpr std::uint64_t kSamples = 64;

std::uint64_t* word(const Region& region, std::uint64_t sample) {
    const std::uint64_t stride = region.memory->word_count() / kSamples;
    return region.memory->words() + sample * stride + sample % 7;
}

void renew(Region& region) {
    region.memory = std::make_unique<Mapping>(kRegionBytes);
    region.expected.assign(kSamples, 0);
}

int seconds() {
    const char* wanted = std::getenv("FAULTLINE_STRESS_SECONDS");
    return wanted != nullptr ? std::atoi(wanted) : 10;
}

using Stress = SvmFixture;

TEST_F(Stress, EusCpusAndMunmapAtOnce) {
    const auto seed = std::random_device{}();
    std::printf("seed %u\n", seed);
    start("xe-7.0", Bytes{32ull << 20});  // 12 regions of 6 MiB: oversubscribed twice, so eviction runs too
    std::vector<Region> regions(12);
    for (Region& region : regions) renew(region);

    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(seconds());
    std::atomic<std::uint64_t> wrong{0};
    std::atomic<std::uint64_t> steps{0};
    const auto run = [&](unsigned id, auto&& step) {
        std::mt19937_64 random(seed + id);
        while (std::chrono::steady_clock::now() < end && wrong == 0) {
            Region& region = regions[random() % regions.size()];
            std::unique_lock lock(region.lock, std::try_to_lock);
            if (!lock.owns_lock()) continue;
            step(region, random);
            ++steps;
        }
    };
    const auto check = [&](std::uint64_t got, std::uint64_t want) {
        if (got != want) ++wrong;
    };

    std::vector<std::thread> threads;
    for (unsigned id = 0; id < 3; ++id)
        threads.emplace_back([&, id] {
            SoftEu eu(*vm, tlb);
            run(id, [&](Region& region, auto& random) {
                mm->sync();  // as the driver does before each launch
                for (int n = 0; n < 16; ++n) {
                    const std::uint64_t sample = random() % kSamples;
                    std::uint64_t* p = word(region, sample);
                    check(eu.read(p), region.expected[sample]);
                    switch (random() % 3) {
                        case 0:
                            eu.write(p, region.expected[sample] = random());
                            break;
                        case 1:
                            eu.add(p, 3), region.expected[sample] += 3;
                            break;
                        default:
                            break;
                    }
                }
            });
        });
    for (unsigned id = 3; id < 5; ++id)
        threads.emplace_back([&, id] {
            run(id, [&](Region& region, auto& random) {
                for (int n = 0; n < 4; ++n) {
                    const std::uint64_t sample = random() % kSamples;
                    check(*word(region, sample), region.expected[sample]);
                    *word(region, sample) = region.expected[sample] = random();
                }
            });
        });
    threads.emplace_back([&] {
        run(5, [&](Region& region, auto& random) {
            if (random() % 4 == 0) renew(region);  // munmap, and new memory, often at the same address
            std::this_thread::yield();
        });
    });
    for (auto& thread : threads) thread.join();

    EXPECT_EQ(0u, wrong) << "seed " << seed;
    for (Region& region : regions)
        for (std::uint64_t sample = 0; sample < kSamples; ++sample)
            ASSERT_EQ(region.expected[sample], *word(region, sample)) << "seed " << seed;
    std::printf("%llu steps, %llu faults, %llu invalidations\n", static_cast<unsigned long long>(steps),
                static_cast<unsigned long long>(stat(GtStat::kSvmPagefaultCount)),
                static_cast<unsigned long long>(tlb.invalidations));
    EXPECT_GT(stat(GtStat::kSvmPagefaultCount), 0u);
    regions.clear();
    mm->sync();
}

}  // namespace
}  // namespace faultline::svm::test
