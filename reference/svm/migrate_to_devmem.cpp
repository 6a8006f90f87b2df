// Pages to device memory: drm_pagemap_migrate_to_devmem() and what migrate_vma_* does for it.
//
// Order, as in the other direction: tell the notifiers (no EU uses the pages any more), mark the entries, take or copy,
// set the final entries, wake. Entries are marked only after the notifiers were told: an EU blocked on a CPU fault must
// be served while the notifiers wait for it, and faults on marked entries are not served before the end.

#include <sched.h>
#include <sys/mman.h>

#include <array>
#include <cerrno>

#include "reference/svm/copy_timer.h"
#include "reference/svm/device.h"
#include "reference/svm/mm_impl.h"

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

}  // namespace

/// Moves the interval's pages into the unit; device pages are absent, and stay where they are. 0, or -EBUSY (not
/// exclusively owned) or -ENOENT (no such VMA any more), with everything back where it was.
int Mm::Impl::take_out(Interval interval, VirtAddr unit) {
    std::uint64_t done = 0;
    int err = 0;
    while (done < interval.size()) {
        done += uffd.move(unit + done, interval.start + done, interval.size() - done, &err);
        if (err == -EAGAIN) {
            ++move_retries;
            sched_yield();
        } else if (err != 0) {
            break;
        }
    }
    if (done == interval.size()) return 0;
    for (std::uint64_t back = 0; back < done;) {
        int again = 0;
        back += uffd.move(interval.start + back, unit + back, done - back, &again);
        if (again == -EAGAIN)
            sched_yield();
        else if (again != 0)
            break;  // the VMA went away meanwhile, and its pages with it
    }
    return err == -EBUSY || err == -ENOMEM ? err : -ENOENT;
}

/// Where pages cannot be moved: nobody writes them any more, and the copy is made of them where they are. 0, -ENOMEM or
/// -ENOENT.
int Mm::Impl::protect(Interval interval) {
    int err = 0;
    while ((err = uffd.write_protect(interval, true)) == -EAGAIN) sched_yield();
    return err == 0 || err == -ENOMEM ? err : -ENOENT;
}

/// The other half of protect(): the copy is made, and the pages go. -EBUSY, with all as it was, when an unmap, discard
/// or remap of some of them was told meanwhile. What is mapped here is ours up to the last look; other memory that
/// takes its place within the microsecond until the discard would lose its contents. UFFDIO_MOVE has no such gap.
int Mm::Impl::discard_protected(EntryBlock& block, Interval interval) {
    const unsigned first = block.index_of(interval.start);
    {
        MutexLock guard(block.lock);
        for (unsigned i = first; i < first + interval.pages(); ++i)
            if (block.entries[i].state != EntryState::kMigrating) return -EBUSY;
    }
    if (protect(interval) != 0) return -EBUSY;
    return monitor.discard(interval);
}

/// Copies to the allocation: system pages from where they were taken to, device pages from where they are; what the CPU
/// never touched is cleared. Runs of pages are grouped by source, and a group is submitted when the source changes.
/// *complete: no system page was absent.
int Mm::Impl::copy_to_device(Zdd* zdd, VirtAddr system, std::span<const Entry> sources, bool* complete) {
    const auto pages = static_cast<std::uint32_t>(sources.size());
    std::array<unsigned char, EntryBlock::kPages> populated;
    if (const int err = vmas.populated({system, system + pages * kPageSize}, populated); err != 0) return err;
    const auto address_of = [&](std::uint32_t i) -> const void* {
        if (sources[i].state == EntryState::kDevice) return sources[i].zdd->page(sources[i].index);
        return populated[i] != 0 ? (system + i * kPageSize).ptr() : nullptr;
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

/// Ends a migration to the device: what the CPU did not discard meanwhile is the device's now.
void Mm::Impl::settle_on_device(EntryBlock& block, Zdd* zdd, Interval interval) {
    const unsigned first = block.index_of(interval.start);
    std::array<std::uint16_t, EntryBlock::kPages> exceptions;
    std::size_t exception_count = 0;
    zdd_pages_come(zdd, static_cast<unsigned>(interval.pages()));
    {
        MutexLock guard(block.lock);
        for (unsigned i = 0; i < interval.pages(); ++i) {
            Entry& entry = block.entries[first + i];
            if (entry.state == EntryState::kMigrating) {
                entry.state = EntryState::kDevice;
                entry.index = i;
                entry.zdd = zdd;
            } else {
                exceptions[exception_count++] = static_cast<std::uint16_t>(i);
            }
        }
    }
    uffd.wake(interval);
    for (std::size_t e = 0; e < exception_count; ++e) {
        const unsigned i = exceptions[e];
        VirtAddr where;
        // Without a move the page was still there when it was remapped: its bytes are on the device now.
        if (!uffd.has_move()) monitor.discard(place_of(interval.start + i * kPageSize));
        const EntryState ended = settle(interval.start + i * kPageSize, [&](Entry& entry, VirtAddr at) {
            entry.state = EntryState::kDevice;
            entry.index = i;
            entry.zdd = zdd;
            where = at;
        });
        if (ended == EntryState::kMigrating)
            uffd.wake({where, where + kPageSize});
        else
            zdd_pages_gone(zdd, 1);
    }
}

/// After a failure: device pages are where they were, and system pages come back.
void Mm::Impl::give_back_sources(EntryBlock& block, Interval interval, VirtAddr unit, std::span<const Entry> sources,
                                 bool out) {
    if (uffd.has_move() && out && all_system(sources)) {
        put_back(block, interval, unit);
        return;
    }
    for (unsigned i = 0; i < sources.size(); ++i) {
        const VirtAddr page = interval.start + i * kPageSize;
        if (sources[i].state == EntryState::kDevice) {
            const auto restore = [&](Entry& entry, VirtAddr) { entry = sources[i]; };
            if (settle(page, restore) != EntryState::kMigrating) zdd_pages_gone(sources[i].zdd, 1);
        } else if (uffd.has_move() && out) {
            put_back_page(page, unit + i * kPageSize);
        } else {
            const Interval where = place_of(page);
            settle(page, [](Entry&, VirtAddr) {});
            if (!uffd.has_move()) uffd.write_protect(where, false);
            uffd.wake(where);
        }
    }
    uffd.wake(interval);
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
    VirtAddr unit = interval.start;
    const bool move = uffd.has_move();
    if (const int err = move ? limbo->take_empty(kind, &unit) : 0; err != 0) return err;

    const unsigned first = block.index_of(interval.start);
    const auto pages = static_cast<unsigned>(interval.pages());
    std::array<Entry, EntryBlock::kPages> taken;
    const std::span<const Entry> sources(taken.data(), pages);
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
            for (unsigned i = 0; err == 0 && i < pages; ++i) {
                block.entries[first + i].state = EntryState::kMigrating;
                block.present.reset(first + i);
            }
        }
        if (err != 0) {
            if (move) limbo->give_empty(kind, unit);
            return err;
        }
        err = move ? take_out(interval, unit) : protect(interval);
    }
    bool complete = false;
    const bool out = err == 0;
    if (out) err = copy_to_device(zdd, unit, sources, &complete);
    if (err == 0 && !move) err = discard_protected(block, interval);
    if (err == 0) {
        settle_on_device(block, zdd, interval);
        drop_device_pages(sources);
    } else {
        give_back_sources(block, interval, unit, sources, out);
    }
    if (!move) return err;
    if (err == 0 && complete && all_system(sources))
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
