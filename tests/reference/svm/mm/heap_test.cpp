// The whole heap of a program migrates while it allocates: nothing that serves a fault may be there itself.

#include <gtest/gtest.h>

#include <atomic>
#include <cinttypes>
#include <cstdio>
#include <cstring>
#include <memory>
#include <random>
#include <span>
#include <thread>
#include <vector>

#include "tests/reference/svm/mapping.h"
#include "tests/reference/svm/soft_eu.h"
#include "tests/sanitized.h"

namespace faultline::svm::test {
namespace {

using Heap = SvmFixture;

/// Writable anonymous memory of the process that the core lets migrate: main heap, thread heaps, big allocations.
/// Without the heap's help: this runs while it is on its way.
std::size_t heap_intervals(std::span<Interval> out) {
    std::FILE* maps = std::fopen("/proc/self/maps", "re");
    if (maps == nullptr) return 0;
    std::size_t count = 0;
    char line[512];
    while (count < out.size() && std::fgets(line, sizeof(line), maps) != nullptr) {
        std::uint64_t start = 0;
        std::uint64_t end = 0;
        char mode[5] = {};
        unsigned long inode = 0;
        int rest = 0;
        if (std::sscanf(line, "%" SCNx64 "-%" SCNx64 " %4s %*s %*s %lu %n", &start, &end, mode, &inode, &rest) != 4)
            continue;
        const bool named = line[rest] == '[' && std::strncmp(line + rest, "[heap]", 6) != 0;
        if (std::strcmp(mode, "rw-p") == 0 && inode == 0 && !named) out[count++] = {{start}, {end}};
    }
    std::fclose(maps);
    return count;
}

/// Allocates, fills, checks and frees, with sizes for every bin of malloc and for mmap.
void churn(std::uint64_t seed, const std::atomic<bool>& stop, std::atomic<std::uint64_t>& wrong) {
    std::mt19937_64 random(seed);
    std::vector<std::pair<std::unique_ptr<unsigned char[]>, std::size_t>> live(64);
    while (!stop) {
        auto& [memory, size] = live[random() % live.size()];
        const auto filling = [](std::size_t of) { return static_cast<unsigned char>(of * 131 + 7); };
        for (std::size_t i = 0; i < size; i += 997) wrong += memory[i] != filling(size);
        size = std::size_t{16} << random() % 15;
        memory = std::make_unique_for_overwrite<unsigned char[]>(size);
        std::memset(memory.get(), filling(size), size);
    }
}

TEST_F(Heap, MigratesWhileItIsUsed) {
    if (kSanitized) GTEST_SKIP() << "the sanitizer's allocator keeps the heap in mappings of its own, shadows and all";
    start("fine-grained", Bytes{256ull << 20});
    std::atomic<bool> stop{false};
    std::atomic<std::uint64_t> wrong{0};
    std::vector<std::thread> threads;
    const std::uint64_t seed = 20261121;
    std::printf("seed %llu\n", static_cast<unsigned long long>(seed));
    for (unsigned id = 0; id < 3; ++id) threads.emplace_back([&, id] { churn(seed + id, stop, wrong); });

    std::uint64_t heap = 0;
    std::uint64_t moved = 0;
    for (int round = 0; round < 20; ++round) {
        mm->sync();
        Interval intervals[256];
        const std::size_t count = heap_intervals(intervals);
        for (const Interval each : std::span(intervals, count)) {
            if (!mm->migratable(each)) continue;
            heap += each.size();
            EXPECT_EQ(0, vm->prefetch(each, {.where = PrefetchRegion::Where::kTile}));
            for (VirtAddr page = each.start; page < each.end; page = page + kPageSize)
                if (mm->residency(page) != nullptr) moved += kPageSize;
        }
    }
    stop = true;
    for (auto& thread : threads) thread.join();
    EXPECT_EQ(0u, wrong);
    std::printf("%llu of %llu MiB of heap were on the device when looked at\n",
                static_cast<unsigned long long>(moved >> 20), static_cast<unsigned long long>(heap >> 20));
    EXPECT_GT(moved, 0u);
    EXPECT_GT(mm->counters().cpu_fault_migrations, 0u);
}

}  // namespace
}  // namespace faultline::svm::test
