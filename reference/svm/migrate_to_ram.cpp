// Pages back to system memory: drm_pagemap_migrate_to_ram(), and how pages that were taken are put back.

#include <sched.h>
#include <sys/mman.h>

#include <array>
#include <cerrno>

#include "reference/svm/copy_timer.h"
#include "reference/svm/mm_impl.h"

namespace faultline::svm {

/// A discard that was told after the look and before the bytes came found nothing to discard: they must go now. (Not so
/// after an unmap, which took them along; other memory may stand there.)
void Mm::Impl::end_discarded(VirtAddr page, EntryState state) {
    if (state == EntryState::kDiscarded) ::madvise(page.ptr(), kPageSize, MADV_DONTNEED);
}

bool Mm::Impl::has_device_pages(EntryBlock& block, Interval interval) {
    MutexLock guard(block.lock);
    const auto first = block.entries.begin() + block.index_of(interval.start);
    return std::any_of(first, first + interval.pages(),
                       [](const Entry& entry) { return entry.state == EntryState::kDevice; });
}

Interval Mm::Impl::place_of(VirtAddr page) {
    for (;;) {
        EntryBlock* block = entries.find(page);
        MutexLock guard(block->lock);
        const Entry& entry = block->entries[block->index_of(page)];
        if (entry.state != EntryState::kMoved) return {page, page + kPageSize};
        page = {entry.forward};
    }
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
            // EAGAIN and ENOENT: an unmap or remap is under way whose event will tell where the page belongs. ENOMEM:
            // its bytes are nowhere else, so it waits for memory.
            if (err == -EAGAIN || err == -ENOENT || err == -ENOMEM) {
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
        const VirtAddr to = interval.start + done;
        const std::uint64_t left = interval.size() - done;
        done += uffd.has_move() ? uffd.move(to, unit + done, left, &err) : uffd.copy(to, unit + done, left, &err);
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
