// Pages between system memory and a device: whole, by chunks, with holes, huge, refused; and on random schedules.

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdio>
#include <mutex>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "tests/reference/svm/drm/migrate_fixture.h"

namespace faultline::svm::test {
namespace {

INSTANTIATE_TEST_SUITE_P(, Migrate, ::testing::Bool(), [](const auto& test) { return test.param ? "Move" : "Remap"; });

TEST_P(Migrate, EveryChunkSizeGoesAndComesBack) {
    for (const std::uint64_t size : {kPageSize, kSize64K, kSize2M}) {
        Mapping memory(size);
        memory.fill();
        ASSERT_EQ(0, to_device(memory.interval()));
        EXPECT_EQ(pagemap[0], mm->residency(memory.start()));
        EXPECT_EQ(size, vram[0]->used().count);
        EXPECT_EQ(0, to_device(memory.interval())) << "already there";
        expect_filled(memory, 0, memory.word_count());
        EXPECT_EQ(nullptr, mm->residency(memory.start()));
        expect_free(0);
    }
    EXPECT_EQ((kPageSize + kSize64K + kSize2M) >> 10, stats[0]->get(GtStat::kSvmDeviceCopyKb));
    EXPECT_EQ((kPageSize + kSize64K + kSize2M) >> 10, stats[0]->get(GtStat::kSvmCpuCopyKb));
}

TEST_P(Migrate, WhatCannotMigrateSaysWhy) {
    Mapping memory(2 * kSize2M);
    memory.fill();
    EXPECT_EQ(-EINVAL, to_device({memory.start(), memory.start() + 3 * kPageSize})) << "no chunk";
    EXPECT_EQ(-EINVAL, to_device({memory.start() + kPageSize, memory.start() + kPageSize + kSize64K})) << "misaligned";
    ASSERT_EQ(0, ::mprotect((memory.start() + kSize64K).ptr(), kPageSize, PROT_READ));
    EXPECT_EQ(-EINVAL, to_device({memory.start(), memory.start() + kSize2M})) << "crosses a VMA";
    EXPECT_EQ(-EBUSY, to_device({memory.start() + kSize64K, memory.start() + kSize64K + kPageSize})) << "read-only";
    mm->exclude({memory.start() + kSize2M, memory.start() + kSize2M + kPageSize});
    EXPECT_EQ(-EBUSY, to_device({memory.start() + kSize2M, memory.start() + 2 * kSize2M})) << "excluded";
    Mapping partly(kSize2M);
    ASSERT_EQ(0, to_device({partly.start() + 2 * kSize64K, partly.start() + 3 * kSize64K}));
    EXPECT_EQ(-EBUSY, to_device(partly.interval())) << "part of it is there already";
    EXPECT_EQ(-ENOENT, to_device({{kSize2M}, {2 * kSize2M}})) << "nothing is mapped there";
    EXPECT_EQ(-ENOMEM, [&] {
        Mapping large(34ull << 20);
        int err = 0;
        std::vector<VramBlock> pinned(16);
        for (VramBlock& block : pinned) err = err == 0 ? vram[1]->alloc({kSize2M}, nullptr, false, &block) : err;
        EXPECT_EQ(0, err);
        err = to_device({large.start(), large.start() + kSize2M}, 1);
        for (VramBlock& block : pinned) vram[1]->free(&block);
        return err;
    }());
}

TEST_P(Migrate, HolesAreZeroOnTheDeviceAndAfterwards) {
    Mapping memory(kSize2M);
    memory.words()[kSize64K / 8] = 77;  // one page of 512
    ASSERT_EQ(0, to_device(memory.interval()));
    EXPECT_EQ(0u, memory.words()[0]);
    EXPECT_EQ(77u, memory.words()[kSize64K / 8]);
    EXPECT_EQ(0u, memory.words()[memory.word_count() - 1]);
}

TEST_P(Migrate, ForeignDevicePagesComeToSystemFirst) {
    Mapping memory(kSize64K);
    memory.fill();
    ASSERT_EQ(0, to_device(memory.interval(), 0));
    EXPECT_EQ(-EBUSY, to_device(memory.interval(), 1));
    std::pmr::vector<HmmRun> runs;
    ASSERT_EQ(0, mm->range_fault({memory.interval(), true, pagemap[0]->owner()}, runs));
    ASSERT_EQ(1u, runs.size());
    EXPECT_NE(nullptr, runs[0].folio);
    EXPECT_NE(memory.words(), runs[0].physical);
    runs.clear();
    ASSERT_EQ(0, mm->range_fault({memory.interval(), true, pagemap[1]->owner()}, runs));
    ASSERT_EQ(1u, runs.size());
    EXPECT_EQ(nullptr, runs[0].folio);
    EXPECT_EQ(memory.words(), runs[0].physical);
    expect_filled(memory, 0, memory.word_count());
}

TEST_P(Migrate, NotifiersAreToldOfEveryWay) {
    Mapping memory(kSize2M);
    RecordingNotifier notifier;
    ASSERT_EQ(0, mm->notifier_insert(&notifier, memory.interval()));
    std::uint64_t seq = mm->read_begin(notifier);
    memory.fill();
    EXPECT_FALSE(mm->read_retry(notifier, seq));

    const auto told = [&](MmuEvent event, Interval interval) {
        EXPECT_EQ(event, notifier.last().event);
        EXPECT_TRUE(notifier.last().interval.contains(interval));
        EXPECT_TRUE(mm->read_retry(notifier, seq));
        seq = mm->read_begin(notifier);
        return notifier.take_count();
    };
    ASSERT_EQ(0, to_device(memory.interval()));
    EXPECT_EQ(1, told(MmuEvent::kMigrate, memory.interval()));
    static_cast<void>(*static_cast<volatile std::uint64_t*>(memory.words()));
    EXPECT_EQ(1, told(MmuEvent::kMigrate, memory.interval()));
    const Interval page{memory.start() + kSize64K, memory.start() + kSize64K + kPageSize};
    ASSERT_EQ(0, ::madvise(page.start.ptr(), kPageSize, MADV_DONTNEED));
    mm->sync();
    EXPECT_EQ(1, told(MmuEvent::kClear, page));
    ASSERT_EQ(0, ::munmap(page.start.ptr(), kPageSize));
    mm->sync();
    EXPECT_EQ(1, told(MmuEvent::kUnmap, page));
    mm->notifier_remove(&notifier);
}

TEST_P(Migrate, TheTimesliceHoldsTheCpuOff) {
    Mapping memory(kSize2M);
    memory.fill();
    ASSERT_EQ(0, to_device(memory.interval(), 0, std::chrono::milliseconds(5)));
    std::atomic<bool> arrived{false};
    std::thread cpu([&] {
        EXPECT_EQ(Mapping::value(4), static_cast<volatile std::uint64_t*>(memory.words())[4]);
        arrived = true;
    });
    clock.advance(std::chrono::milliseconds(4));
    // The CPU faults over and over: wait until it has, several times.
    while (mm->counters().cpu_faults < 5) std::this_thread::yield();
    EXPECT_FALSE(arrived);
    EXPECT_EQ(pagemap[0], mm->residency(memory.start()));
    clock.advance(std::chrono::milliseconds(1));
    cpu.join();
    EXPECT_TRUE(arrived);
}

TEST_P(Migrate, AFailedCopyLosesNothing) {
    Mapping memory(kSize2M);
    memory.fill();
    engine.fail = true;
    EXPECT_EQ(-EIO, to_device(memory.interval()));
    EXPECT_EQ(nullptr, mm->residency(memory.start()));
    expect_free(0);
    expect_filled(memory, 0, memory.word_count());
    engine.fail = false;
    ASSERT_EQ(0, to_device(memory.interval()));
    engine.fail = true;
    EXPECT_EQ(-EIO, mm->evict(memory.interval()));
    EXPECT_EQ(pagemap[0], mm->residency(memory.start()));
    engine.fail = false;
    expect_filled(memory, 0, memory.word_count());
}

TEST_P(Migrate, HugePagesStayHuge) {
    if (!mm->has_move()) GTEST_SKIP() << "UFFDIO_COPY gives small pages back";
    Mapping memory(kSize2M);
    ::madvise(memory.start().ptr(), kSize2M, MADV_HUGEPAGE);
    memory.fill();
    const auto huge = [&] {
        const int fd = ::open("/proc/self/smaps", O_RDONLY);
        std::string text;
        char buffer[4096];
        for (ssize_t n; (n = ::read(fd, buffer, sizeof(buffer))) > 0;) text.append(buffer, static_cast<std::size_t>(n));
        ::close(fd);
        char start[32];
        std::snprintf(start, sizeof(start), "%llx-", static_cast<unsigned long long>(memory.start().value));
        const auto vma = text.find(start);
        return vma != std::string::npos &&
               text.compare(text.find("AnonHugePages:", vma), 30, "AnonHugePages:         0 kB\nShm") != 0;
    };
    if (!huge()) GTEST_SKIP() << "the kernel gives no huge page here";
    for (int round = 0; round < 3; ++round) {
        ASSERT_EQ(0, to_device(memory.interval()));
        ASSERT_EQ(0, mm->evict(memory.interval()));
        EXPECT_TRUE(huge()) << "round " << round;
        expect_filled(memory, 0, memory.word_count());
    }
}

// Every page's bytes are in exactly one place, whatever migrations, evictions, discards, remaps and CPU accesses
// several threads make at once. A region's lock keeps its expected words known; neighbours in the block and the VRAM
// race.
TEST_P(Migrate, NothingIsLostOnRandomSchedules) {
    const auto seed = std::random_device{}();
    std::printf("seed %u\n", seed);
    constexpr std::uint64_t kRegion = 4 * kSize64K;
    constexpr unsigned kRegions = 32;  // eight to a 2 MiB block
    constexpr std::uint64_t kStep = 509;
    Mapping memory(kRegion * kRegions);
    std::mutex locks[kRegions];
    std::uint64_t salts[kRegions] = {};
    memory.fill();
    const auto index = [](unsigned region, std::uint64_t i) { return region * (kRegion / 8) + i; };
    std::atomic<std::uint64_t> wrong{0};
    const auto run = [&](unsigned id) {
        std::mt19937_64 random(seed + id);
        for (int step = 0; step < 1500 && wrong == 0; ++step) {
            const auto r = static_cast<unsigned>(random() % kRegions);
            const VirtAddr start = memory.start() + r * kRegion;
            const Interval chunk{start + random() % 4 * kSize64K, {}};
            std::lock_guard guard(locks[r]);
            switch (random() % 8) {
                case 0:
                case 1:
                case 2:
                    to_device({chunk.start, chunk.start + kSize64K}, static_cast<int>(random() % kDevices));
                    break;
                case 3:
                    to_device({chunk.start + kPageSize, chunk.start + 2 * kPageSize},
                              static_cast<int>(random() % kDevices));
                    break;
                case 4:
                    mm->evict({start, start + kRegion});
                    break;
                case 5:
                    for (std::uint64_t i = 0; i < kRegion / 8; i += kStep)
                        wrong += memory.words()[index(r, i)] != Mapping::value(index(r, i), salts[r]);
                    break;
                case 6:
                    salts[r] = random();
                    for (std::uint64_t i = 0; i < kRegion / 8; i += kStep)
                        memory.words()[index(r, i)] = Mapping::value(index(r, i), salts[r]);
                    break;
                default:
                    ::madvise(start.ptr(), kRegion, MADV_DONTNEED);
                    for (std::uint64_t i = 0; i < kRegion / 8; i += kStep) wrong += memory.words()[index(r, i)] != 0;
                    for (std::uint64_t i = 0; i < kRegion / 8; i += kStep)
                        memory.words()[index(r, i)] = Mapping::value(index(r, i), salts[r]);
                    break;
            }
        }
    };
    std::vector<std::thread> threads;
    for (unsigned id = 0; id < 4; ++id) threads.emplace_back(run, id);
    for (auto& thread : threads) thread.join();
    EXPECT_EQ(0u, wrong) << "seed " << seed;
    for (unsigned r = 0; r < kRegions; ++r)
        for (std::uint64_t i = 0; i < kRegion / 8; i += kStep)
            ASSERT_EQ(Mapping::value(index(r, i), salts[r]), memory.words()[index(r, i)]) << "seed " << seed;
}

}  // namespace
}  // namespace faultline::svm::test
