// What a program may do to memory in the midst of its migration.

#include <gtest/gtest.h>
#include <sys/mman.h>

#include <atomic>
#include <functional>
#include <random>
#include <span>
#include <thread>

#include "tests/reference/svm/drm/migrate_fixture.h"

namespace faultline::svm::test {
namespace {

enum class Direction { kToDevice, kToSystem };

class MigrateRace : public Migrate {
protected:
    /// Migrates the memory, which is filled, and lets `action` happen while its bytes are being copied. `action` may
    /// not touch memory whose migration it would wait for.
    void migrate_while(Direction direction, const Mapping& memory, const std::function<void()>& action) {
        if (direction == Direction::kToSystem) {
            ASSERT_EQ(0, to_device(memory.interval()));
        }
        engine.during = &action;
        if (direction == Direction::kToDevice)
            EXPECT_EQ(0, to_device(memory.interval()));
        else
            EXPECT_EQ(0, mm->evict(memory.interval()));
        ASSERT_EQ(nullptr, engine.during) << "nothing was copied";
        mm->sync();
        mm->check();
    }

    void for_both(const std::function<void(Direction)>& test) {
        for (const Direction direction : {Direction::kToDevice, Direction::kToSystem}) {
            SCOPED_TRACE(direction == Direction::kToDevice ? "to the device" : "to system");
            test(direction);
        }
    }

    static void map_again(const Mapping& memory) {
        constexpr int kFlags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE;
        ASSERT_NE(MAP_FAILED,
                  ::mmap(memory.start().ptr(), memory.interval().size(), PROT_READ | PROT_WRITE, kFlags, -1, 0));
    }
    static void move(const Mapping& from, const Mapping& to) {
        const std::uint64_t size = from.interval().size();
        ASSERT_EQ(to.start().ptr(),
                  ::mremap(from.start().ptr(), size, size, MREMAP_MAYMOVE | MREMAP_FIXED, to.start().ptr()));
    }
};

INSTANTIATE_TEST_SUITE_P(, MigrateRace, ::testing::Bool(),
                         [](const auto& test) { return test.param ? "Move" : "Remap"; });

TEST_P(MigrateRace, OtherMemoryTakesThePlace) {
    for_both([&](Direction direction) {
        Mapping memory(kSize2M);
        memory.fill();
        migrate_while(direction, memory, [&] {
            ::munmap(memory.start().ptr(), kSize2M);
            map_again(memory);
            memory.fill(1);
        });
        for (std::uint64_t i = 0; i < memory.word_count(); ++i) ASSERT_EQ(Mapping::value(i, 1), memory.words()[i]) << i;
    });
}

TEST_P(MigrateRace, WhatIsDiscardedIsZero) {
    for_both([&](Direction direction) {
        Mapping memory(kSize2M);
        memory.fill();
        migrate_while(direction, memory, [&] { ::madvise(memory.start().ptr(), kSize64K, MADV_DONTNEED); });
        for (std::uint64_t i = 0; i < kSize64K / 8; ++i) ASSERT_EQ(0u, memory.words()[i]) << i;
        expect_filled(memory, kSize64K / 8, memory.word_count());
    });
}

TEST_P(MigrateRace, WhatIsRemappedArrives) {
    for_both([&](Direction direction) {
        Mapping memory(kSize2M), first(kSize2M), second(kSize2M);
        memory.fill();
        migrate_while(direction, memory, [&] {
            move(memory, first);
            move(first, second);
            map_again(first);
            first.fill(1);
        });
        expect_filled(second, 0, second.word_count());
        for (std::uint64_t i = 0; i < first.word_count(); ++i) ASSERT_EQ(Mapping::value(i, 1), first.words()[i]) << i;
    });
}

// Device pages are remapped to where the migrating ones stood, which that unmaps.
TEST_P(MigrateRace, DevicePagesTakeThePlace) {
    for_both([&](Direction direction) {
        Mapping memory(kSize2M), other(kSize2M);
        memory.fill();
        other.fill(1);
        ASSERT_EQ(0, to_device(other.interval(), kPeer));
        migrate_while(direction, memory, [&] { move(other, memory); });
        EXPECT_EQ(pagemap[kPeer], mm->residency(memory.start()));
        for (std::uint64_t i = 0; i < memory.word_count(); ++i) ASSERT_EQ(Mapping::value(i, 1), memory.words()[i]) << i;
    });
}

// They leave, and device pages come to where they went and then to where they were.
TEST_P(MigrateRace, DevicePagesComeToBothPlaces) {
    for_both([&](Direction direction) {
        Mapping memory(kSize2M), away(kSize2M), one(kSize2M), other(kSize2M);
        memory.fill();
        one.fill(1);
        other.fill(2);
        ASSERT_EQ(0, to_device(one.interval(), kPeer));
        ASSERT_EQ(0, to_device(other.interval(), kForeign));
        migrate_while(direction, memory, [&] {
            move(memory, away);
            move(one, away);
            move(other, memory);
        });
        for (std::uint64_t i = 0; i < memory.word_count(); ++i) ASSERT_EQ(Mapping::value(i, 2), memory.words()[i]) << i;
        for (std::uint64_t i = 0; i < away.word_count(); ++i) ASSERT_EQ(Mapping::value(i, 1), away.words()[i]) << i;
    });
}

// A CPU that writes while pages are taken, whichever way they are, is held off or has its word kept.
TEST_P(MigrateRace, WritesDuringAMigrationAreKept) {
    Mapping memory(kSize2M);
    memory.fill();
    std::atomic<bool> stop{false};
    std::uint64_t last = 0;
    std::thread writer([&] {
        for (std::uint64_t n = 1; !stop; ++n) {
            std::atomic_ref<std::uint64_t>(memory.words()[7]).store(n);
            last = n;
            ASSERT_EQ(n, std::atomic_ref<std::uint64_t>(memory.words()[7]).load());
        }
    });
    for (int round = 0; round < 200; ++round) to_device(memory.interval(), round % kDevices);
    stop = true;
    writer.join();
    EXPECT_EQ(last, memory.words()[7]);
    expect_filled(memory, 8, memory.word_count());
}

// Pages of zeroes that are taken in the moment of their first write, when the kernel may move one without counting it.
TEST_P(MigrateRace, FirstWritesAreKept) {
    Mapping memory(kSize2M);
    std::atomic<bool> stop{false};
    std::atomic<std::uint64_t> wrong{0};
    std::atomic<unsigned> rounds{0};
    std::thread program([&] {
        for (; !stop; ++rounds) {
            ::madvise(memory.start().ptr(), kSize2M, MADV_DONTNEED);
            const std::uint64_t seed = rounds;
            for (std::uint64_t i = 0; i < memory.word_count(); i += 512) memory.words()[i] = Mapping::value(i, seed);
            for (std::uint64_t i = 0; i < memory.word_count(); i += 512)
                wrong += memory.words()[i] != Mapping::value(i, seed);
        }
    });
    for (int n = 0; n < 3000; ++n) to_device(memory.interval());
    stop = true;
    program.join();
    EXPECT_EQ(0u, wrong);
}

// The VMA under a migration splits and merges, and parts of it go: what is left keeps its bytes.
TEST_P(MigrateRace, SplitsAndHolesDuringAMigrationLoseNothing) {
    const auto seed = std::random_device{}();
    SCOPED_TRACE(testing::Message() << "seed " << seed);
    std::mt19937_64 random(seed);
    int migrated = 0;
    for (int round = 0; round < 300; ++round) {
        Mapping memory(kSize2M);
        memory.fill();
        const VirtAddr page = memory.start() + random() % (kSize2M / kPageSize) * kPageSize;
        const bool hole = round % 2 != 0;
        std::atomic<bool> migrating{true};
        std::thread program([&] {
            if (hole) {
                ::munmap(page.ptr(), kPageSize);
                return;
            }
            while (migrating) {
                ::madvise(page.ptr(), kPageSize, MADV_DONTDUMP);  // splits the VMA
                ::madvise(page.ptr(), kPageSize, MADV_DODUMP);
            }
        });
        for (int n = 0; n < 4; ++n) migrated += to_device(memory.interval(), n % kDevices) == 0;
        migrating = false;
        program.join();
        const std::uint64_t gone = (page - memory.start()) / 8;
        for (std::uint64_t i = 0; i < memory.word_count(); i += 64) {
            if (hole && i >= gone && i < gone + kPageSize / 8) continue;
            ASSERT_EQ(Mapping::value(i), memory.words()[i]) << i;
        }
    }
    EXPECT_GT(migrated, 0);
}

// Other memory takes the place of memory that is being migrated, before the program that unmapped that has even been
// answered: what is written there is not taken for what was.
TEST_P(MigrateRace, MemoryThatComesInItsPlaceIsNotTaken) {
    if (!mm->has_move()) GTEST_SKIP() << "mremap() takes what stands there when its turn comes";
    const VirtAddr start = Mapping(kSize64K).start();
    const Interval place{start, start + kSize64K};
    const std::span words(start.ptr<std::uint64_t>(), kSize64K / 8);
    std::atomic<std::uint64_t> done_with{0};
    std::atomic<bool> stop{false};
    std::atomic<std::uint64_t> wrong{0};
    std::thread mapper([&] {
        constexpr int kFlags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE;
        for (std::uint64_t n = 1; !stop; ++n) {
            while (::mmap(start.ptr(), kSize64K, PROT_READ | PROT_WRITE, kFlags, -1, 0) == MAP_FAILED && !stop) {
            }
            if (stop) break;
            for (std::uint64_t i = 0; i < words.size(); i += 512) words[i] = n;
            for (int look = 0; look < 50; ++look)
                for (std::uint64_t i = 0; i < words.size(); i += 512)
                    wrong += std::atomic_ref<std::uint64_t>(words[i]).load() != n;
            done_with = n;
        }
    });
    std::thread unmapper([&] {
        for (std::uint64_t n = 1; !stop; ++n) {
            while (done_with != n && !stop) {
            }
            if (!stop) ::munmap(start.ptr(), kSize64K);
        }
    });
    int migrated = 0;
    while (migrated < 100 || done_with < 300) migrated += to_device(place) == 0;
    stop = true;
    mapper.join();
    unmapper.join();
    ::munmap(start.ptr(), kSize64K);
    EXPECT_EQ(0u, wrong);
}

}  // namespace
}  // namespace faultline::svm::test
