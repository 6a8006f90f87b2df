// Pages between system and device memory: drm_pagemap_migrate_to_devmem(), drm_pagemap_migrate_to_ram() and what
// migrate_vma_* does for them.
//
// Order, in both directions: tell the notifiers (no EU uses the pages any more), mark the entries, take or copy, set
// the final entries, wake. Entries are marked only after the notifiers were told: an EU blocked on a CPU fault must be
// served while the notifiers wait for it, and faults on marked entries are not served before the end.

#include <sched.h>
#include <sys/mman.h>

#include <array>
#include <cerrno>

#include "reference/svm/mm_impl.h"

namespace faultline::svm {
namespace {

constexpr int kExclusiveTries = 3;  // after a fork every page has to be made this process's own first

bool is_chunk(std::uint64_t bytes) { return bytes == kPageSize || bytes == kSize64K || bytes == kSize2M; }

/// Times copies and charges them to the device that copies, as xe_svm_copy() does: per-size counters only for whole
/// chunks.
class CopyTimer {
public:
    CopyTimer(Pagemap& pagemap, bool to_device)
        : pagemap_(pagemap), to_device_(to_device), start_(pagemap.clock().now()) {}
    void done(std::uint64_t bytes) const {
        GtStats& stats = pagemap_.stats();
        const Nanoseconds spent = pagemap_.clock().now() - start_;
        stats.add_time(to_device_ ? GtStat::kSvmDeviceCopyUs : GtStat::kSvmCpuCopyUs, spent);
        stats.incr(to_device_ ? GtStat::kSvmDeviceCopyKb : GtStat::kSvmCpuCopyKb, bytes >> 10);
        if (is_chunk(bytes))
            stats.add_time(gt_stat_of_size(to_device_ ? GtStat::kSvm4KDeviceCopyUs : GtStat::kSvm4KCpuCopyUs, bytes),
                           spent);
    }

private:
    Pagemap& pagemap_;
    bool to_device_;
    Nanoseconds start_;
};

}  // namespace

// --- To a device
// -------------------------------------------------------------------------------------------------------

/// Moves the interval's pages into the unit. 0, or -EBUSY (not exclusively owned) or -ENOENT (no such VMA any more),
/// with everything back where it was.
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
    return err == -EBUSY ? -EBUSY : -ENOENT;
}

/// Copies what is in the unit to the allocation, and clears the rest. *complete: no page of the unit was absent.
int Mm::Impl::copy_to_device(Zdd* zdd, VirtAddr unit, std::uint64_t size, bool* complete) {
    std::array<unsigned char, EntryBlock::kPages> present;
    if (::mincore(unit.ptr(), size, present.data()) != 0) return -EIO;
    std::array<CopyJob, EntryBlock::kPages> jobs;
    std::size_t count = 0;
    const std::uint32_t pages = static_cast<std::uint32_t>(size / kPageSize);
    *complete = true;
    for (std::uint32_t i = 0; i < pages;) {
        const bool there = (present[i] & 1) != 0;
        const std::uint32_t first = i;
        while (i < pages && ((present[i] & 1) != 0) == there) ++i;
        *complete &= there;
        jobs[count++] = {
            zdd->page(first), there ? (unit + first * kPageSize).ptr() : nullptr, {(i - first) * kPageSize}};
    }
    const CopyTimer timer(zdd->pagemap, /*to_device=*/true);
    const int err = zdd->pagemap.engine().copy({jobs.data(), count});
    if (err == 0) timer.done(size);
    return err;
}

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

/// One attempt, under the block's migrate lock. -EBUSY: a page is not exclusively owned, or not all are system pages.
int Mm::Impl::try_migrate_to_devmem(EntryBlock& block, Zdd* zdd, Interval interval, const CpuVma& vma) {
    if (frozen.load() != 0) return -EBUSY;
    if (const int err = watch(block, interval, vma); err != 0) return err == -ENOMEM ? err : -ENOENT;
    zdd->huge = interval.size() == kSize2M && vmas.is_huge(interval);
    const LimboKind kind = limbo_kind(interval.size(), zdd->huge);
    VirtAddr unit;
    if (const int err = limbo->take_empty(kind, &unit); err != 0) return err;

    const unsigned first = block.index_of(interval.start);
    int err = 0;
    {
        MmNotifiers::Invalidation told(notifiers, {interval, MmuEvent::kMigrate});
        {
            MutexLock guard(block.lock);
            for (unsigned i = 0; i < interval.pages(); ++i) {
                // Unwatched again: an unmap was read meanwhile, and what stands here now is other memory.
                if (!block.registered.test(first + i)) err = -ENOENT;
                if (block.entries[first + i].state != EntryState::kSystem) err = -EBUSY;
            }
            if (err == 0)
                for (unsigned i = 0; i < interval.pages(); ++i) block.entries[first + i].state = EntryState::kMigrating;
        }
        if (err != 0) {
            limbo->give_empty(kind, unit);
            return err;
        }
        err = take_out(interval, unit);
    }
    bool complete = false;
    const bool taken = err == 0;
    if (taken) err = copy_to_device(zdd, unit, interval.size(), &complete);
    if (err == 0) {
        settle_on_device(block, zdd, interval);
        if (complete)
            limbo->give_populated(kind, unit);
        else
            limbo->give_discarded(kind, unit);
        return 0;
    }
    if (taken) {
        put_back(block, interval, unit);
        limbo->give_discarded(kind, unit);
        return err;
    }
    for (unsigned i = 0; i < interval.pages(); ++i) settle(interval.start + i * kPageSize, [](Entry&, VirtAddr) {});
    uffd.wake(interval);
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
    {
        MutexLock guard(block->migrate_lock);
        std::uint64_t here = 0;
        std::uint64_t elsewhere = 0;
        {
            MutexLock entries_guard(block->lock);
            for (unsigned i = 0; i < interval.pages(); ++i) {
                const Entry& entry = block->entries[block->index_of(interval.start) + i];
                if (entry.state == EntryState::kSystem) continue;
                ++(entry.state == EntryState::kDevice && &entry.zdd->pagemap == &pagemap ? here : elsewhere);
            }
        }
        if (here + elsewhere != 0) {
            err = here == interval.pages() ? 0 : -EBUSY;
        } else {
            zdd->expiration.store((pagemap.clock().now() + timeslice).count(), std::memory_order_relaxed);
            for (int i = 0; i < kExclusiveTries; ++i) {
                err = try_migrate_to_devmem(*block, zdd, interval, vma);
                if (err != -EBUSY || frozen.load() != 0) break;
                if (::madvise(interval.start.ptr(), interval.size(), MADV_POPULATE_WRITE) != 0) break;
            }
        }
    }
    zdd->put();
    return err;
}

// --- To system
// ---------------------------------------------------------------------------------------------------------

/// A discard that was told after the look and before the bytes came found nothing to discard: they must go now. (Not so
/// after an unmap, which took them along; other memory may stand there.)
void Mm::Impl::end_discarded(VirtAddr page, EntryState state) {
    if (state == EntryState::kDiscarded) ::madvise(page.ptr(), kPageSize, MADV_DONTNEED);
}

/// Puts one page at wherever it belongs by now, by copying: the slow way, for VMAs that changed under the migration.
void Mm::Impl::put_back_page(VirtAddr page, VirtAddr from) {
    for (VirtAddr at = page;;) {
        EntryBlock* block = entries.find(at);
        EntryState state;
        VirtAddr forward;
        {
            MutexLock guard(block->lock);
            const Entry& entry = block->entries[block->index_of(at)];
            state = entry.state;
            forward = {entry.forward};
        }
        if (state == EntryState::kMoved) {
            at = forward;
            continue;
        }
        if (state == EntryState::kMigrating) {
            const int err = uffd.copy_page(at, from);
            // EAGAIN and ENOENT: an unmap or remap is under way whose event will tell where the page belongs.
            if (err == -EAGAIN || err == -ENOENT) {
                sched_yield();
                continue;
            }
            end_discarded(at, settle(page, [](Entry&, VirtAddr) {}));
        } else {
            settle(page, [](Entry&, VirtAddr) {});
        }
        uffd.wake({at, at + kPageSize});
        return;
    }
}

/// Ends a migration to system: moves the unit's pages to the interval, all of whose entries are this migration's. True
/// when the unit is empty then.
bool Mm::Impl::put_back(EntryBlock& block, Interval interval, VirtAddr unit) {
    const unsigned first = block.index_of(interval.start);
    const unsigned pages = static_cast<unsigned>(interval.pages());
    const auto undisturbed = [&]() FL_REQUIRES(block.lock) {
        for (unsigned i = first; i < first + pages; ++i)
            if (block.entries[i].state != EntryState::kMigrating) return false;
        return true;
    };
    std::uint64_t done = 0;
    for (int err = 0; done < interval.size() && (err == 0 || err == -EAGAIN);) {
        {
            MutexLock guard(block.lock);
            if (!undisturbed()) break;
        }
        done += uffd.move(interval.start + done, unit + done, interval.size() - done, &err);
        if (err != -EAGAIN) continue;
        ++move_retries;
        sched_yield();
    }
    bool settled = false;
    if (done == interval.size()) {
        MutexLock guard(block.lock);
        settled = undisturbed();
        for (unsigned i = first; settled && i < first + pages; ++i) block.entries[i] = {};
    }
    for (unsigned i = 0; !settled && i < pages; ++i) {
        const VirtAddr page = interval.start + i * kPageSize;
        if (i < done / kPageSize)
            end_discarded(page, settle(page, [](Entry&, VirtAddr) {}));
        else
            put_back_page(page, unit + i * kPageSize);
    }
    uffd.wake(interval);
    return done == interval.size();
}

int Mm::Impl::migrate_to_ram(EntryBlock& block, Interval part, Which which) {
    if (part.empty()) return 0;
    MutexLock guard(block.migrate_lock);
    const unsigned first = block.index_of(part.start);
    const unsigned end = first + static_cast<unsigned>(part.pages());
    unsigned low = end;
    unsigned high = first;
    {
        MutexLock entries_guard(block.lock);
        for (unsigned i = first; i < end; ++i) {
            if (!which.matches(block.entries[i])) continue;
            low = std::min(low, i);
            high = i + 1;
        }
    }
    if (low >= high) return 0;

    std::array<Entry, EntryBlock::kPages> taken;
    {
        MmNotifiers::Invalidation told(notifiers, {{block.page_at(low), block.page_at(high)}, MmuEvent::kMigrate});
        MutexLock entries_guard(block.lock);
        for (unsigned i = low; i < high; ++i) {
            taken[i] = {};
            if (!which.matches(block.entries[i])) continue;
            taken[i] = block.entries[i];
            block.entries[i].state = EntryState::kMigrating;
        }
    }
    int result = 0;
    for (unsigned i = low; i < high;) {
        if (taken[i].state != EntryState::kDevice) {
            ++i;
            continue;
        }
        // The longest aligned piece of one allocation that a unit of limbo can hold.
        const auto run_of = [&](unsigned pages) {
            if (i % pages != 0 || i + pages > high) return false;
            for (unsigned j = 1; j < pages; ++j)
                if (taken[i + j].state != EntryState::kDevice || taken[i + j].zdd != taken[i].zdd ||
                    taken[i + j].index != taken[i].index + j)
                    return false;
            return true;
        };
        constexpr unsigned k64KPages = kSize64K / kPageSize;
        const unsigned pages = run_of(EntryBlock::kPages) ? EntryBlock::kPages : run_of(k64KPages) ? k64KPages : 1;
        const std::uint64_t bytes = pages * kPageSize;
        Zdd* zdd = taken[i].zdd;
        const Interval piece{block.page_at(i), block.page_at(i + pages)};
        const LimboKind kind = limbo_kind(bytes, zdd->huge);
        VirtAddr unit;
        int err = limbo->take_populated(kind, &unit);
        if (err == 0) {
            const CopyTimer timer(zdd->pagemap, /*to_device=*/false);
            const CopyJob job{unit.ptr(), zdd->page(taken[i].index), {bytes}};
            err = zdd->pagemap.engine().copy({&job, 1});
            if (err == 0) {
                timer.done(bytes);
                if (put_back(block, piece, unit))
                    limbo->give_empty(kind, unit);
                else
                    limbo->give_discarded(kind, unit);
                zdd_pages_gone(zdd, pages);
            } else {
                limbo->give_populated(kind, unit);
            }
        }
        if (err != 0) {
            result = err;
            for (unsigned j = 0; j < pages; ++j) {
                const Entry& old = taken[i + j];
                const auto restore = [&](Entry& entry, VirtAddr) { entry = old; };
                if (settle(block.page_at(i + j), restore) != EntryState::kMigrating) zdd_pages_gone(old.zdd, 1);
            }
            uffd.wake(piece);
        }
        i += pages;
    }
    return result;
}

}  // namespace faultline::svm
