// Inside of the Mm, shared by mm.cpp (VMAs, faulting in, lifecycle) and migrate_to_devmem.cpp and migrate_to_ram.cpp
// (pages between system and devices).
//
// Private to reference/svm.
#pragma once

#include <atomic>
#include <span>

#include "reference/svm/cpu_vma.h"
#include "reference/svm/entries.h"
#include "reference/svm/limbo.h"
#include "reference/svm/mm.h"
#include "reference/svm/mm_notifiers.h"
#include "reference/svm/monitor.h"
#include "reference/svm/uffd.h"
#include "reference/svm/zdd.h"

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
    int range_fault(const HmmRequest& request, std::pmr::vector<HmmRun>& runs);
    int evict(Interval interval, Which which);
    int evict_everywhere(Which which);
    /// Registers the block's part of the VMA for messages, if `part` is not yet. 0 or -errno.
    int watch(EntryBlock& block, Interval part, const CpuVma& vma);

    // migrate_to_devmem.cpp, migrate_to_ram.cpp
    /// drm_pagemap_migrate_to_devmem(). See Pagemap::populate_mm().
    int migrate_to_devmem(Pagemap& pagemap, Interval interval, Nanoseconds timeslice);
    /// drm_pagemap_migrate_to_ram() for the device pages in `part` of one block. 0 (also when there are none), -EIO (a
    /// copy failed: they stay), -ENOMEM.
    int migrate_to_ram(EntryBlock& block, Interval part, Which which);

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
    int take_out(Interval interval, VirtAddr unit);
    int protect(Interval interval);
    int discard_protected(EntryBlock& block, Interval interval);
    int copy_to_device(Zdd* zdd, VirtAddr system, std::span<const Entry> sources, bool* complete);
    void settle_on_device(EntryBlock& block, Zdd* zdd, Interval interval);
    void give_back_sources(EntryBlock& block, Interval interval, VirtAddr unit, std::span<const Entry> sources,
                           bool out);
    static bool has_device_pages(EntryBlock& block, Interval interval);
    static Interval span_of(EntryBlock& block, Interval part, Which which);
    bool put_back(EntryBlock& block, Interval interval, VirtAddr unit);
    void put_back_page(VirtAddr page, VirtAddr from);
    void end_discarded(VirtAddr page, EntryState state);
    /// Where the page is by now: remaps that were told are followed.
    Interval place_of(VirtAddr page);
    /// Follows kMoved from `page` and ends the migration of whatever is there: f(entry, address) sets the final entry,
    /// which is kSystem otherwise. Returns the state that ended: kMigrating, or kDiscarded or kUnmapped, where f is not
    /// called.
    template <typename F>
    EntryState settle(VirtAddr page, F&& f);
};

template <typename F>
EntryState Mm::Impl::settle(VirtAddr page, F&& f) {
    for (VirtAddr at = page;;) {
        EntryBlock* block = entries.find(at);
        MutexLock guard(block->lock);
        Entry& entry = block->entries[block->index_of(at)];
        if (entry.state == EntryState::kMoved) {
            const VirtAddr next{entry.forward};
            entry = {};
            at = next;
            continue;
        }
        const EntryState ended = entry.state;
        entry = {};
        if (ended == EntryState::kMigrating) f(entry, at);
        return ended;
    }
}

}  // namespace faultline::svm
