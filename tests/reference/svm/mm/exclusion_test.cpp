// Memory that must not migrate, and its neighbours, which must.

#include <gtest/gtest.h>
#include <link.h>
#include <pthread.h>
#include <sys/mman.h>

#include <functional>
#include <span>
#include <thread>

#include "reference/svm/core/arena.h"
#include "tests/reference/svm/mapping.h"
#include "tests/reference/svm/soft_eu.h"

namespace faultline::svm::test {
namespace {

class Exclusion : public SvmFixture {
protected:
    /// Runs f on a thread with that stack, as glibc maps one: a neighbour of whatever is next to it.
    static void run_on(Interval stack, const std::function<void()>& f) {
        pthread_attr_t attributes;
        ASSERT_EQ(0, pthread_attr_init(&attributes));
        ASSERT_EQ(0, pthread_attr_setstack(&attributes, stack.start.ptr(), stack.size()));
        const auto body = [](void* data) -> void* {
            (*static_cast<const std::function<void()>*>(data))();
            return nullptr;
        };
        pthread_t thread{};
        ASSERT_EQ(0, pthread_create(&thread, &attributes, body, const_cast<std::function<void()>*>(&f)));
        pthread_join(thread, nullptr);
        pthread_attr_destroy(&attributes);
    }
    /// Whether a loaded object has its data there. The address alone does not tell: the kernel aligns libraries to 64K
    /// and large mappings to 2 MiB, and so puts either right below thread-local storage in one process of ten.
    static bool of_an_image(Interval interval) {
        const auto overlaps = [](dl_phdr_info* info, std::size_t, void* data) {
            for (const ElfW(Phdr) & header : std::span(info->dlpi_phdr, info->dlpi_phnum)) {
                const VirtAddr start{info->dlpi_addr + header.p_vaddr};
                const Interval segment{start.align_down(kPageSize), (start + header.p_memsz).align_up(kPageSize)};
                if (header.p_type == PT_LOAD && segment.overlaps(*static_cast<Interval*>(data))) return 1;
            }
            return 0;
        };
        return ::dl_iterate_phdr(overlaps, &interval) != 0;
    }
    /// Where a GPU write of the first word of the page puts it.
    DevPagemap* residency_after_write(VirtAddr page) {
        SoftEu eu(*vm, tlb);
        eu.write(page.ptr<std::uint64_t>(), 1);
        return mm->residency(page);
    }
};

TEST_F(Exclusion, AStackBelowABufferDoesNotReachIntoIt) {
    start();
    Mapping memory(2 * kSize2M);
    const VirtAddr buffer = memory.start() + kSize2M;
    DevPagemap* where = nullptr;
    bool stack_migrates = true;
    run_on({memory.start(), buffer}, [&] {
        mm->adopt_this_thread();
        stack_migrates = mm->migratable({memory.start(), buffer});
        where = residency_after_write(buffer);
    });
    EXPECT_FALSE(stack_migrates);
    EXPECT_EQ(pagemap(), where);
    EXPECT_EQ(1u, stat(GtStat::kSvm2MMigrateCount)) << "in one piece";
}

TEST_F(Exclusion, EndsWithTheThread) {
    start();
    Mapping memory(kSize2M);
    run_on(memory.interval(), [&] { mm->adopt_this_thread(); });
    EXPECT_TRUE(mm->migratable(memory.interval()));
    EXPECT_EQ(pagemap(), residency_after_write(memory.start()));
    // And begins with the next one.
    bool migrates = true;
    run_on(memory.interval(), [&] {
        mm->adopt_this_thread();
        migrates = mm->migratable(memory.interval());
    });
    EXPECT_FALSE(migrates);
}

// A buffer that begins inside a 2 MiB chunk, right above excluded memory of the same CPU VMA: the range ends where the
// excluded memory does.
TEST_F(Exclusion, RangesDoNotRunIntoExcludedMemory) {
    start();
    Mapping memory(kSize2M);
    memory.fill();
    const VirtAddr border = memory.start() + kSize64K;
    mm->exclude({memory.start(), border});
    EXPECT_TRUE(mm->straddles_excluded(memory.interval()));
    EXPECT_FALSE(mm->straddles_excluded({memory.start(), border}));
    EXPECT_FALSE(mm->straddles_excluded({border, memory.interval().end}));
    EXPECT_EQ(pagemap(), residency_after_write(border));
    EXPECT_EQ(nullptr, residency_after_write(memory.start()));
    EXPECT_EQ(1u, stat(GtStat::kSvm64KMigrateCount));
}

TEST_F(Exclusion, APrefetchMovesAllButTheExcludedMemory) {
    start();
    Mapping memory(kSize2M);
    memory.fill();
    const VirtAddr border = memory.start() + kSize64K;
    mm->exclude({memory.start(), border});
    ASSERT_EQ(0, vm->prefetch(memory.interval(), {.where = PrefetchRegion::Where::kTile}));
    for (VirtAddr page = memory.start(); page < memory.interval().end; page = page + kPageSize)
        ASSERT_EQ(page < border ? nullptr : pagemap(), mm->residency(page)) << "page " << (page - memory.start());
}

// The main thread's thread-local storage is in no stack; a neighbour of it is not excluded with it.
TEST_F(Exclusion, ThreadLocalStorageOfTheMainThreadAndNoMore) {
    start();
    static thread_local std::uint64_t local = 1;
    mm->adopt_this_thread();
    const VirtAddr page = VirtAddr::of(&local).align_down(kPageSize);
    EXPECT_FALSE(mm->migratable({page, page + kPageSize}));
    const VirtAddr pointer = VirtAddr::of(__builtin_thread_pointer()).align_down(kPageSize);
    EXPECT_FALSE(mm->migratable({pointer, pointer + kPageSize}));
    for (const VirtAddr neighbour : {pointer - kSize64K, pointer + 2 * kPageSize}) {
        const Interval other{neighbour, neighbour + kPageSize};
        EXPECT_TRUE(mm->migratable(other) || arena_owns(other) || of_an_image(other)) << "at " << neighbour.ptr();
    }
    EXPECT_EQ(1u, local);
}

}  // namespace
}  // namespace faultline::svm::test
