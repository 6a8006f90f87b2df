// Inside of the Mm, shared by mm.cpp (lifecycle, VMAs, what is where), mm_adopt.cpp (threads), mm_fault.cpp (faulting
// in), migrate_to_devmem.cpp and migrate_to_ram.cpp (pages between system and devices).
//
// Private to reference/svm.
#pragma once

#include <atomic>
#include <span>

#include "reference/svm/drm/zdd.h"
#include "reference/svm/mm/cpu_vma.h"
#include "reference/svm/mm/entries.h"
#include "reference/svm/mm/limbo.h"
#include "reference/svm/mm/mm.h"
#include "reference/svm/mm/mm_notifiers.h"
#include "reference/svm/mm/monitor.h"
#include "reference/svm/mm/uffd.h"

namespace faultline::svm {

struct Mm::Impl final : public MonitorClient {
    explicit Impl(const MmOptions& wanted);

    /// Which device pages a migration to system means; null: any.
    struct Which {
        const Zdd* zdd = nullptr;
        const Pagemap* pagemap = nullptr;
        bool matches(const Entry& entry) const {
            return entry.state == EntryState::kDevice && (zdd == nullptr || entry.zdd == zdd) &&
                   (pagemap == nullptr || &entry.zdd->pagemap == pagemap);
        }
    };

    // MonitorClient
    void cpu_fault(VirtAddr page) override;
    void invalidate(const MmuRange& range) override { MmNotifiers::Invalidation told(notifiers, range); }

    // mm.cpp
    /// The process's Mm, or null.
    static Mm* current();

    // mm_fault.cpp
    int range_fault(const HmmRequest& request, std::pmr::vector<HmmRun>& runs);
    /// Whether the page is present in the CPU's page table.
    static bool is_present(VirtAddr page);
    /// Registers the block's part of the VMA for messages, if `part` is not yet. 0 or -errno.
    int watch(EntryBlock& block, Interval part, const CpuVma& vma);

    // migrate_to_devmem.cpp, migrate_to_ram.cpp
    /// drm_pagemap_migrate_to_devmem(). See Pagemap::populate_mm().
    int migrate_to_devmem(Pagemap& pagemap, Interval interval, Nanoseconds timeslice);
    /// drm_pagemap_migrate_to_ram() for the device pages in `part` of one block. 0 (also when there are none), -EIO (a
    /// copy failed: they stay), -ENOMEM.
    int migrate_to_ram(EntryBlock& block, Interval part, Which which);
    int evict(Interval interval, Which which);
    int evict_everywhere(Which which);

    const MmOptions options;
    const unsigned generation;  ///< tells this Mm from earlier ones of the process
    Uffd uffd;
    CpuVmas vmas;
    MmNotifiers notifiers;
    EntryTable entries;
    Limbo* limbo = nullptr;
    Monitor monitor;
    std::atomic<int> frozen{0};  ///< forks under way: nothing migrates to a device
    std::atomic<std::uint64_t> cpu_fault_migrations{0};
    std::atomic<std::uint64_t> move_retries{0};

private:
    int fault_block(EntryBlock& block, Interval part, const HmmRequest& request, std::pmr::vector<HmmRun>& runs);
    int fault_in_system(EntryBlock& block, Interval part, const HmmRequest& request);

    int try_migrate_to_devmem(EntryBlock& block, Zdd* zdd, Interval interval, const CpuVma& vma);
    std::uint64_t take_out(const Migration& migration, Interval interval, VirtAddr unit, int* err);
    int remap_out(const Migration& migration, Interval interval, VirtAddr unit);
    int copy_to_device(Zdd* zdd, const Migration& migration, unsigned first, VirtAddr system,
                       std::span<const Entry> sources, bool* complete);
    void give_back_sources(Migration& migration, Interval interval, VirtAddr unit, std::span<const Entry> sources,
                           std::uint64_t taken);
    static bool has_device_pages(EntryBlock& block, Interval interval);
    static Interval span_of(EntryBlock& block, Interval part, Which which);
    bool put_back(Migration& migration, Interval interval, VirtAddr unit);
    void put_back_page(Migration& migration, unsigned index, VirtAddr from);
    /// Moves what is present of up to 2 MiB to where nothing is; absent pages are skipped. Nobody is woken. Returns the
    /// bytes done, from the front, and *err: 0, or why the rest was not done, as Uffd::move() has it. REQUIRES: both
    /// places' pages are the caller's migration's, and Monitor::reading() is held.
    std::uint64_t move_pages(VirtAddr dst, VirtAddr src, std::uint64_t size, int* err);
    /// Ends the migration of the pages that the interval held: f(entry, index) says what the entry, wherever it is by
    /// now, is from here on; kSystem otherwise. Whoever waits is woken. Returns how many pages are not wanted any more:
    /// unmapped or discarded meanwhile, f was not called.
    template <typename F>
    unsigned settle(Migration& migration, Interval interval, F&& f);
    unsigned settle(Migration& migration, Interval interval) {
        return settle(migration, interval, [](Entry&, unsigned) {});
    }
};

template <typename F>
unsigned Mm::Impl::settle(Migration& migration, Interval interval, F&& f) {
    const unsigned end = migration.home.index_of(interval.start) + static_cast<unsigned>(interval.pages());
    unsigned unwanted = 0;
    ReadLock reading(monitor.reading());
    for (unsigned i = migration.home.index_of(interval.start); i < end;) {
        if (migration.pages[i].at.value == 0) {
            ++unwanted;
            ++i;
            continue;
        }
        EntryBlock* block = entries.find(migration.pages[i].at);
        MutexLock guard(block->lock);
        for (; i < end && block->interval().contains(migration.pages[i].at); ++i) {
            const VirtAddr at = migration.pages[i].at;
            const unsigned index = block->index_of(at);
            Entry& entry = block->entries[index];
            entry = {};
            if (migration.pages[i].discarded) {
                ++unwanted;
                block->discarded.set(index);  // put back before it was told, or never taken, it is there yet
            } else {
                f(entry, i);
            }
            if (!migration.stands(i)) uffd.wake({at, at + kPageSize});
        }
    }
    uffd.wake(interval);
    return unwanted;
}

}  // namespace faultline::svm
