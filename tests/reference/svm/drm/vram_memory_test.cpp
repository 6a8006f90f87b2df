// Everything a process may do with memory that is in VRAM: discard, unmap, remap, protect, hand to the kernel, fork.

#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <memory>
#include <string>
#include <vector>

#include "tests/reference/svm/drm/migrate_fixture.h"

namespace faultline::svm::test {
namespace {

INSTANTIATE_TEST_SUITE_P(, Migrate, ::testing::Bool(), [](const auto& test) { return test.param ? "Move" : "Remap"; });

TEST_P(Migrate, DiscardedMemoryIsZeroAndItsVramFree) {
    Mapping memory(kSize2M);
    memory.fill();
    ASSERT_EQ(0, to_device(memory.interval()));
    ASSERT_EQ(0, ::madvise((memory.start() + kSize64K).ptr(), kSize64K, MADV_DONTNEED));
    mm->sync();
    EXPECT_EQ(nullptr, mm->residency(memory.start() + kSize64K));
    EXPECT_EQ(pagemap[0], mm->residency(memory.start()));
    for (std::uint64_t i = kSize64K / 8; i < 2 * kSize64K / 8; ++i) ASSERT_EQ(0u, memory.words()[i]);
    expect_filled(memory, 0, kSize64K / 8);
    expect_filled(memory, 2 * kSize64K / 8, memory.word_count());
    ASSERT_EQ(0, ::madvise(memory.start().ptr(), kSize2M, MADV_DONTNEED));
    mm->sync();
    expect_free(0);
    EXPECT_EQ(0u, memory.words()[3]);
}

TEST_P(Migrate, UnmappedMemoryFreesItsVram) {
    {
        Mapping memory(kSize2M);
        memory.fill();
        ASSERT_EQ(0, to_device(memory.interval()));
    }
    mm->sync();
    expect_free(0);
}

TEST_P(Migrate, RemapTakesDevicePagesAlong) {
    Mapping memory(kSize2M);
    Mapping elsewhere(2 * kSize2M);
    memory.fill();
    elsewhere.fill(1);
    ASSERT_EQ(0, to_device(memory.interval()));
    ASSERT_EQ(0, to_device({elsewhere.start(), elsewhere.start() + kSize2M}));
    void* moved =
        ::mremap(memory.start().ptr(), kSize2M, kSize2M, MREMAP_MAYMOVE | MREMAP_FIXED, elsewhere.start().ptr());
    ASSERT_EQ(elsewhere.start().ptr(), moved);
    mm->sync();
    EXPECT_EQ(pagemap[0], mm->residency(elsewhere.start()));
    EXPECT_EQ(kSize2M, vram[0]->used().count) << "what stood there is gone";
    expect_filled(elsewhere, 0, kSize2M / 8);
}

TEST_P(Migrate, MemoryMadeReadOnlyComesBackReadOnly) {
    Mapping memory(kSize2M);
    memory.fill();
    ASSERT_EQ(0, to_device(memory.interval()));
    ASSERT_EQ(0, ::mprotect(memory.start().ptr(), kSize2M, PROT_READ));
    expect_filled(memory, 0, memory.word_count());
    EXPECT_EQ(nullptr, mm->residency(memory.start()));
}

TEST_P(Migrate, SystemCallsSeeDevicePages) {
    if (mm->user_mode_only()) GTEST_SKIP() << "UFFD_USER_MODE_ONLY: the kernel's own accesses are not served";
    Mapping memory(kSize2M);
    memory.fill();
    int fds[2];
    ASSERT_EQ(0, ::pipe(fds));
    ASSERT_EQ(0, to_device(memory.interval()));
    ASSERT_EQ(4096, ::write(fds[1], memory.words() + 1000, 4096));
    std::vector<std::uint64_t> copy(512);
    ASSERT_EQ(4096, ::read(fds[0], copy.data(), 4096));
    for (std::uint64_t i = 0; i < 512; ++i) ASSERT_EQ(Mapping::value(1000 + i), copy[i]);
    ASSERT_EQ(0, to_device(memory.interval()));
    ASSERT_EQ(4096, ::write(fds[1], copy.data(), 4096));
    ASSERT_EQ(4096, ::read(fds[0], memory.words() + 5000, 4096));
    for (std::uint64_t i = 0; i < 512; ++i) ASSERT_EQ(Mapping::value(1000 + i), memory.words()[5000 + i]);
    ::close(fds[0]);
    ::close(fds[1]);
}

TEST_P(Migrate, TheHeapMigrates) {
    std::vector<std::unique_ptr<std::string>> strings;
    for (int i = 0; i < 2000; ++i)
        strings.push_back(std::make_unique<std::string>(100, static_cast<char>('a' + i % 26)));
    for (int round = 0; round < 2; ++round) {
        unsigned migrated = 0;
        for (const auto& string : strings)
            migrated += to_device({VirtAddr::of(string->data()).align_down(kPageSize),
                                   VirtAddr::of(string->data()).align_down(kPageSize) + kPageSize}) == 0;
        EXPECT_GT(migrated, 0u);
        for (int i = 0; i < 2000; ++i) ASSERT_EQ(std::string(100, static_cast<char>('a' + i % 26)), *strings[i]);
    }
}

TEST_P(Migrate, AForkedChildSeesItsMemory) {
    Mapping memory(kSize2M);
    memory.fill();
    ASSERT_EQ(0, to_device(memory.interval()));
    const pid_t child = ::fork();
    if (child == 0) {
        for (std::uint64_t i = 0; i < memory.word_count(); ++i)
            if (memory.words()[i] != Mapping::value(i)) ::_exit(1);
        ::_exit(0);
    }
    // Shared with the child, each page has to be made this process's own before it can be moved.
    ASSERT_EQ(0, to_device(memory.interval()));
    int status = 0;
    ASSERT_EQ(child, ::waitpid(child, &status, 0));
    EXPECT_EQ(0, status);
    expect_filled(memory, 0, memory.word_count());
}

}  // namespace
}  // namespace faultline::svm::test
