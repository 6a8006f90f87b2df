// Pages to device memory: drm_pagemap_migrate_to_devmem() and what migrate_vma_* does for it.
//
// Order, as in the other direction: tell the notifiers (no EU uses the pages any more), mark the entries, take or copy,
// set the final entries, wake. Entries are marked only after the notifiers were told: an EU blocked on a CPU fault must
// be served while the notifiers wait for it, and faults on marked entries are not served before the end.

#include <sched.h>
#include <sys/mman.h>

#include <array>
#include <cerrno>

#include "reference/svm/drm/copy_timer.h"
#include "reference/svm/mm/mm_impl.h"
#include "reference/svm/xe/device.h"

namespace faultline::svm {
namespace {

constexpr int kExclusiveTries = 3;  // after a fork every page has to be made this process's own first
constexpr int kAllThere = 1;        // no error, and nothing to do

Pagemap* pagemap_of(const Entry& entry) { return entry.state == EntryState::kDevice ? &entry.zdd->pagemap : nullptr; }

/// What a migration finds at the entries, by the rules of drm_pagemap_migrate_to_devmem(): 0 when all can be taken,
/// kAllThere when they need not be, or -EBUSY: some are there and some not, or belong to a device without an
/// interconnect.
int check_sources(const Pagemap& pagemap, std::span<const Entry> sources) {
    std::size_t here = 0;
    for (const Entry& entry : sources) {
        if (entry.state == EntryState::kSystem) continue;
        if (entry.state != EntryState::kDevice) return -EBUSY;
        const Pagemap& other = entry.zdd->pagemap;
        if (&other == &pagemap)
            ++here;
        else if (other.owner() != pagemap.owner())
            return -EBUSY;
    }
    if (here == 0) return 0;
    return here == sources.size() ? kAllThere : -EBUSY;
}

bool all_system(std::span<const Entry> sources) {
    return std::ranges::all_of(sources, [](const Entry& entry) { return entry.state == EntryState::kSystem; });
}

/// The device pages that a migration took are nobody's now.
void drop_device_pages(std::span<const Entry> sources) {
    for (std::size_t i = 0; i < sources.size();) {
        const Entry& first = sources[i];
        unsigned count = 0;
        while (i < sources.size() && sources[i].state == first.state && sources[i].zdd == first.zdd) ++i, ++count;
        if (first.state == EntryState::kDevice) zdd_pages_gone(first.zdd, count);
    }
}

/// What stands at the interval is what was taken: no unmap or remap was told of it.
bool all_stand(const Migration& migration, Interval interval) {
    const unsigned first = migration.home.index_of(interval.start);
    for (unsigned i = first; i < first + interval.pages(); ++i)
        if (!migration.stands(i)) return false;
    return true;
}

}  // namespace

/// Moves the interval's pages into the unit; device pages are absent, and stay where they are. Returns the bytes taken,
/// from the front, and *err: 0, or why the rest was not: -EBUSY (not exclusively owned), -ENOMEM or -ENOENT (no such
/// VMA any more).
std::uint64_t Mm::Impl::take_out(const Migration& migration, Interval interval, VirtAddr unit, int* err) {
    if (!uffd.has_move()) {
        *err = remap_out(migration, interval, unit);
        return *err == 0 ? interval.size() : 0;
    }
    std::uint64_t done = 0;
    int moved = 0;
    while (done < interval.size() && (moved == 0 || moved == -EAGAIN)) {
        if (moved == -EAGAIN) {
            ++move_retries;
            sched_yield();
        }
        ReadLock guard(monitor.reading());
        moved = -ENOENT;
        if (all_stand(migration, interval))
            done += move_pages(unit + done, interval.start + done, interval.size() - done, &moved);
    }
    *err = done == interval.size() ? 0 : moved == -EBUSY || moved == -ENOMEM ? moved : -ENOENT;
    return done;
}

/// The same where the kernel cannot move pages: all of them or none. mremap() does not ask, as a move does, whether an
/// unmap is under way, and makes an event itself, so reading goes on. The question is asked before: memory that takes
/// the place of an unmapped page between that and mremap()'s turn at the address space would lose its contents.
int Mm::Impl::remap_out(const Migration& migration, Interval interval, VirtAddr unit) {
    monitor.wait_for_events();
    {
        ReadLock guard(monitor.reading());
        if (!all_stand(migration, interval)) return -ENOENT;
    }
    return uffd.remap(unit, interval);
}

/// Copies to the allocation: system pages from where they were taken to, device pages from where they are; what the CPU
/// never touched, or has discarded, is cleared. Runs of pages are grouped by source, and a group is submitted when the
/// source changes. *complete: no system page was absent.
int Mm::Impl::copy_to_device(Zdd* zdd, const Migration& migration, unsigned first, VirtAddr system,
                             std::span<const Entry> sources, bool* complete) {
    const auto pages = static_cast<std::uint32_t>(sources.size());
    std::array<unsigned char, EntryBlock::kPages> populated;
    if (const int err = vmas.populated({system, system + pages * kPageSize}, populated); err != 0) return err;
    const auto address_of = [&](std::uint32_t i) -> const void* {
        if (sources[i].state == EntryState::kDevice) return sources[i].zdd->page(sources[i].index);
        return populated[i] != 0 && !migration.pages[first + i].stale ? (system + i * kPageSize).ptr() : nullptr;
    };
    std::array<CopyJob, EntryBlock::kPages> jobs;
    *complete = true;
    for (std::uint32_t i = 0; i < pages;) {
        Pagemap* const from = pagemap_of(sources[i]);
        std::size_t count = 0;
        const std::uint32_t group = i;
        for (; i < pages && pagemap_of(sources[i]) == from; ++i) {
            const void* const src = address_of(i);
            *complete &= src != nullptr;
            CopyJob* last = count == 0 ? nullptr : &jobs[count - 1];
            const bool follows = last != nullptr && (src == nullptr) == (last->src == nullptr) &&
                                 (src == nullptr || src == static_cast<const std::byte*>(last->src) + last->size.count);
            if (follows)
                last->size = last->size + Bytes{kPageSize};
            else
                jobs[count++] = {zdd->page(i), src, {kPageSize}};
        }
        // As source_peer_migrates has it, the device that holds the pages copies them out.
        const bool source_copies =
            from != nullptr && zdd->pagemap.device().policy().migrate_side == MigrateSide::kSource;
        Pagemap& copier = source_copies ? *from : zdd->pagemap;
        const CopyTimer timer(copier, /*to_device=*/!source_copies);
        if (const int err = copier.engine().copy({jobs.data(), count}); err != 0) return err;
        timer.done((i - group) * kPageSize);
    }
    return 0;
}

/// After a failure: device pages are where they were, and of the system pages the first `taken` bytes come back.
void Mm::Impl::give_back_sources(Migration& migration, Interval interval, VirtAddr unit, std::span<const Entry> sources,
                                 std::uint64_t taken) {
    const unsigned first = migration.home.index_of(interval.start);
    const auto is_stale = [](const Migration::Page& page) { return page.stale; };
    const std::span pages(&migration.pages[first], sources.size());
    if (std::ranges::any_of(pages, is_stale)) {
        ReadLock guard(monitor.reading());
        for (Migration::Page& page : pages) page.discarded |= page.stale;
    }
    if (taken == interval.size() && all_system(sources)) {
        put_back(migration, interval, unit);
        return;
    }
    for (unsigned i = 0; i < sources.size(); ++i) {
        const VirtAddr page = interval.start + i * kPageSize;
        if (sources[i].state == EntryState::kDevice) {
            const auto restore = [&](Entry& entry, unsigned) { entry = sources[i]; };
            if (settle(migration, {page, page + kPageSize}, restore) != 0) zdd_pages_gone(sources[i].zdd, 1);
        } else if (i * kPageSize < taken) {
            put_back_page(migration, first + i, unit + i * kPageSize);
        } else {
            settle(migration, {page, page + kPageSize});
        }
    }
}

/// One attempt, under the block's migrate lock. -EBUSY: a page is not exclusively owned, or not all can be taken.
int Mm::Impl::try_migrate_to_devmem(EntryBlock& block, Zdd* zdd, Interval interval, const CpuVma& vma) {
    if (frozen.load() != 0) return -EBUSY;
    // An unmap that has returned may have been read but not handled: it must not be taken for one of what stands here
    // now.
    monitor.wait_for_reader();
    if (const int err = watch(block, interval, vma); err != 0) return err == -ENOMEM ? err : -ENOENT;
    zdd->huge = interval.size() == kSize2M && vmas.is_huge(interval);
    const LimboKind kind = limbo_kind(interval.size(), zdd->huge);
    VirtAddr unit;
    if (const int err = limbo->take_empty(kind, &unit); err != 0) return err;

    const unsigned first = block.index_of(interval.start);
    const auto pages = static_cast<unsigned>(interval.pages());
    Migration migration(block);
    std::array<Entry, EntryBlock::kPages> taken;
    const std::span<const Entry> sources(taken.data(), pages);
    std::uint64_t out = 0;
    int err = 0;
    {
        MmNotifiers::Invalidation told(notifiers, {interval, MmuEvent::kMigrate});
        {
            MutexLock guard(block.lock);
            for (unsigned i = 0; i < pages; ++i) {
                // Unwatched again: an unmap was read meanwhile, and what stands here now is other memory.
                if (!block.registered.test(first + i)) err = -ENOENT;
                taken[i] = block.entries[first + i];
            }
            if (err == 0) err = check_sources(zdd->pagemap, sources);
            for (unsigned i = 0; err == 0 && i < pages; ++i) migration.take(block, first + i);
        }
        if (err != 0) {
            limbo->give_empty(kind, unit);
            return err;
        }
        out = take_out(migration, interval, unit, &err);
    }
    bool complete = false;
    if (err == 0) err = copy_to_device(zdd, migration, first, unit, sources, &complete);
    if (err == 0) {
        zdd_pages_come(zdd, pages);
        const unsigned gone = settle(migration, interval, [&](Entry& entry, unsigned index) {
            entry.state = EntryState::kDevice;
            entry.index = index - first;
            entry.zdd = zdd;
        });
        if (gone != 0) zdd_pages_gone(zdd, gone);
        drop_device_pages(sources);
    } else {
        give_back_sources(migration, interval, unit, sources, out);
    }
    if (err == 0 && complete && all_system(sources) && uffd.has_move())
        limbo->give_populated(kind, unit);
    else
        limbo->give_discarded(kind, unit);
    return err;
}

int Mm::Impl::migrate_to_devmem(Pagemap& pagemap, Interval interval, Nanoseconds timeslice) {
    CpuVma vma;
    if (vmas.lookup(interval.start, &vma) != 0) return -ENOENT;
    if (!vma.interval.contains(interval)) return -EINVAL;
    if (!is_chunk(interval.size()) || interval.start.value % interval.size() != 0) return -EINVAL;
    if (!vma.migratable || !vmas.migratable(interval)) return -EBUSY;
    EntryBlock* block = entries.find_or_create(interval.start);
    if (block == nullptr) return -ENOMEM;

    // Allocated before the lock: making room migrates other blocks, maybe this one.
    int err = 0;
    Zdd* zdd = pagemap.zdd_alloc(interval, &err);
    if (zdd == nullptr) return err;
    zdd->expiration.store((pagemap.clock().now() + timeslice).count(), std::memory_order_relaxed);
    {
        const SpanGuard guard(block->migrate_lock, interval);
        for (int i = 0; i < kExclusiveTries; ++i) {
            err = try_migrate_to_devmem(*block, zdd, interval, vma);
            if (err != -EBUSY || frozen.load() != 0 || has_device_pages(*block, interval)) break;
            // Not this process's alone, perhaps: a fork made it so.
            if (::madvise(interval.start.ptr(), interval.size(), MADV_POPULATE_WRITE) != 0) break;
        }
    }
    zdd->put();
    return err == kAllThere ? 0 : err;
}

}  // namespace faultline::svm
