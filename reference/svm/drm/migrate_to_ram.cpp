// Pages back to system memory: drm_pagemap_migrate_to_ram() and who asks for it, the CPU or an eviction; and how pages
// that were taken are put back.

#include <sched.h>
#include <sys/mman.h>

#include <array>
#include <cerrno>

#include "reference/svm/drm/copy_timer.h"
#include "reference/svm/mm/mm_impl.h"

namespace faultline::svm {

bool Mm::Impl::has_device_pages(EntryBlock& block, Interval interval) {
    MutexLock guard(block.lock);
    const auto first = block.entries.begin() + block.index_of(interval.start);
    return std::any_of(first, first + interval.pages(),
                       [](const Entry& entry) { return entry.state == EntryState::kDevice; });
}

/// Puts one page at wherever it belongs by now, by copying: the slow way, for VMAs that changed under the migration.
void Mm::Impl::put_back_page(Migration& migration, unsigned index, VirtAddr from) {
    // Where the unit is registered, a hole in it is filled by the reader, which must not be waited for below.
    static_cast<void>(*from.ptr<const volatile char>());
    const Migration::Page& page = migration.pages[index];
    // EAGAIN and ENOENT: an unmap or remap is under way whose event will tell where the page belongs. ENOMEM: its bytes
    // are nowhere else, so it waits for memory.
    for (int err = -EAGAIN; err == -EAGAIN || err == -ENOENT || err == -ENOMEM; sched_yield()) {
        ReadLock guard(monitor.reading());
        err = page.at.value == 0 || page.discarded ? 0 : uffd.copy_page(page.at, from);
    }
    const VirtAddr home = migration.home.page_at(index);
    settle(migration, {home, home + kPageSize});
}

/// Ends a migration to system: moves the unit's pages to the interval. True when the unit is empty then.
bool Mm::Impl::put_back(Migration& migration, Interval interval, VirtAddr unit) {
    const unsigned first = migration.home.index_of(interval.start);
    const auto pages = static_cast<unsigned>(interval.pages());
    const auto undisturbed = [&] {
        for (unsigned i = first; i < first + pages; ++i)
            if (!migration.undisturbed(i)) return false;
        return true;
    };
    std::uint64_t done = 0;
    int err = 0;
    while (done < interval.size() && (err == 0 || err == -EAGAIN)) {
        if (err == -EAGAIN) {
            ++move_retries;
            sched_yield();
        }
        ReadLock guard(monitor.reading());
        if (!undisturbed()) break;
        const VirtAddr to = interval.start + done;
        const std::uint64_t left = interval.size() - done;
        // A copy takes long enough to be cut: CPU faults wait for the reader.
        done += uffd.has_move() ? move_pages(to, unit + done, left, &err)
                                : uffd.copy(to, unit + done, std::min(left, kSize64K), &err);
    }
    if (done != 0) settle(migration, {interval.start, interval.start + done});
    for (std::uint64_t i = done / kPageSize; i < pages; ++i)
        put_back_page(migration, first + static_cast<unsigned>(i), unit + i * kPageSize);
    return uffd.has_move() && done == interval.size();
}

/// The smallest interval that has all pages of the part that match; empty where none does.
Interval Mm::Impl::span_of(EntryBlock& block, Interval part, Which which) {
    const unsigned first = block.index_of(part.start);
    const unsigned end = first + static_cast<unsigned>(part.pages());
    unsigned low = end;
    unsigned high = first;
    MutexLock guard(block.lock);
    for (unsigned i = first; i < end; ++i) {
        if (!which.matches(block.entries[i])) continue;
        low = std::min(low, i);
        high = i + 1;
    }
    return {block.page_at(low), block.page_at(high)};
}

int Mm::Impl::migrate_to_ram(EntryBlock& block, Interval part, Which which) {
    if (part.empty()) return 0;
    // Only what is there is locked: other migrations of the block go on.
    const Interval span = span_of(block, part, which);
    if (span.empty()) return 0;
    const SpanGuard guard(block.migrate_lock, span);
    const Interval left = span_of(block, span, which);
    if (left.empty()) return 0;
    const unsigned low = block.index_of(left.start);
    const unsigned high = low + static_cast<unsigned>(left.pages());

    Migration migration(block);
    std::array<Entry, EntryBlock::kPages> taken;
    {
        MmNotifiers::Invalidation told(notifiers, {{block.page_at(low), block.page_at(high)}, MmuEvent::kMigrate});
        MutexLock entries_guard(block.lock);
        for (unsigned i = low; i < high; ++i) {
            taken[i] = {};
            if (which.matches(block.entries[i])) taken[i] = migration.take(block, i);
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
                const bool emptied = put_back(migration, piece, unit);
                if (emptied)
                    limbo->give_empty(kind, unit);
                else if (uffd.has_move())
                    limbo->give_discarded(kind, unit);
                else
                    limbo->give_populated(kind, unit);
                zdd_pages_gone(zdd, pages);
            } else {
                limbo->give_populated(kind, unit);
            }
        }
        if (err != 0) {
            result = err;
            const auto restore = [&](Entry& entry, unsigned index) { entry = taken[index]; };
            if (const unsigned gone = settle(migration, piece, restore); gone != 0) zdd_pages_gone(zdd, gone);
        }
        i += pages;
    }
    return result;
}

int Mm::Impl::evict(Interval interval, Which which) {
    int result = 0;
    entries.for_each(interval, [&](EntryBlock& block, Interval part) {
        if (const int err = migrate_to_ram(block, part, which); err != 0) result = err;
    });
    return result;
}

int Mm::Impl::evict_everywhere(Which which) {
    int result = 0;
    for (EntryBlock* block = entries.all(); block != nullptr; block = block->next)
        if (const int err = migrate_to_ram(*block, block->interval(), which); err != 0) result = err;
    return result;
}

int Mm::evict(Interval interval) { return impl_->evict(interval, {}); }
int Mm::evict_all() {
    adopt_this_thread();
    return impl_->evict_everywhere({});
}

/// drm_pagemap_migrate_to_ram(), from dev_pagemap_ops.migrate_to_ram.
void Mm::Impl::cpu_fault(VirtAddr page) {
    Zdd* zdd = nullptr;
    EntryBlock* block = entries.find(page);
    {
        MutexLock guard(block->lock);
        const Entry& entry = block->entries[block->index_of(page)];
        if (entry.state == EntryState::kDevice && entry.zdd->try_get()) zdd = entry.zdd;
    }
    if (zdd != nullptr) {
        CpuVma vma;
        if (zdd->pagemap.timeslice_over(*zdd) && vmas.lookup(page, &vma) == 0) {
            ++cpu_fault_migrations;
            migrate_to_ram(*block, block->interval().intersect(vma.interval), {.zdd = zdd});
        }
        zdd->put();
    }
    // Whatever came of it: the CPU looks again, and faults again where it must.
    uffd.wake({page, page + kPageSize});
}

}  // namespace faultline::svm
