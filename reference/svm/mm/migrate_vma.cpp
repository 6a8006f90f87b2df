// How pages are taken and put back while the program may unmap, remap or discard them at any moment.

#include "reference/svm/mm/migrate_vma.h"

#include <sched.h>

#include <algorithm>
#include <cerrno>
#include <span>
#include <utility>

#include "reference/svm/mm/mm_impl.h"
#include "reference/svm/mm/move_pages.h"

namespace faultline::svm {

EntryBlock* MigrateVma::block_at(Mm& mm, VirtAddr addr) { return mm.impl().entries.find_or_create(addr); }

bool MigrateVma::frozen(Mm& mm) { return mm.impl().frozen.load() != 0; }

MigrateVma::MigrateVma(Mm& mm, EntryBlock& block) : mm_(mm.impl()), block_(block), pages_(block) {}

MigrateVma::~MigrateVma() {
    if (unit_.start.value == 0) return;
    if (complete_)
        mm_.limbo->give_populated(unit_);
    else
        mm_.limbo->give_discarded(unit_);
}

// To a device

/// By the rules of drm_pagemap_migrate_to_devmem(): 0 when all pages can be taken.
int MigrateVma::check_sources(Interval interval, const DevPagemap& pagemap) const {
    const unsigned first = block_.index_of(interval.start);
    std::size_t here = 0;
    const DevPagemap* asked = nullptr;  // one pagemap's pages come together: its owner is asked for once
    for (unsigned i = first; i < first + interval.pages(); ++i) {
        const Entry& entry = sources_[i];
        if (entry.state == EntryState::kSystem) continue;
        if (entry.state != EntryState::kDevice) return -EBUSY;
        const DevPagemap& other = entry.folio->pagemap;
        if (&other == &pagemap) {
            ++here;
        } else if (&other != asked) {
            if (other.owner() != pagemap.owner()) return -EBUSY;
            asked = &other;
        }
    }
    if (here == 0) return 0;
    return here == interval.pages() ? kAllThere : -EBUSY;
}

/// What stands at the interval is what was taken: no unmap or remap was told of it.
bool MigrateVma::all_stand() const {
    for (unsigned i = first(); i < end(); ++i)
        if (!pages_.stands(i)) return false;
    return true;
}

bool MigrateVma::all_system() const {
    return std::all_of(sources_.begin() + first(), sources_.begin() + end(),
                       [](const Entry& entry) { return entry.state == EntryState::kSystem; });
}

/// Moves the interval's pages into the unit; device pages are absent, and stay where they are. Returns the bytes taken,
/// from the front, and *err: 0, or why the rest was not: -EBUSY (not exclusively owned), -ENOMEM or -ENOENT (no such
/// VMA any more).
std::uint64_t MigrateVma::take_out(int* err) {
    if (!mm_.uffd.has_move()) {
        *err = remap_out();
        return *err == 0 ? interval_.size() : 0;
    }
    std::uint64_t done = 0;
    int moved = 0;
    while (done < interval_.size() && (moved == 0 || moved == -EAGAIN)) {
        if (moved == -EAGAIN) {
            // An event is unread, which the reader can change only once the lock is free; or a page was busy.
            ++mm_.move_retries;
            sched_yield();
        }
        ReadLock no_events(mm_.monitor.map_changing_lock());
        moved = -ENOENT;
        if (all_stand())
            done += move_pages(mm_.uffd, mm_.vmas, unit_.start + done, interval_.start + done, interval_.size() - done,
                               &moved);
    }
    *err = done == interval_.size() ? 0 : moved == -EBUSY || moved == -ENOMEM ? moved : -ENOENT;
    return done;
}

/// The same where the kernel cannot move pages: all of them or none. mremap() does not ask, as a move does, whether an
/// unmap is under way, and makes an event itself, so reading goes on. The question is asked before: memory that takes
/// the place of an unmapped page between that and mremap()'s turn at the address space would lose its contents.
int MigrateVma::remap_out() {
    mm_.monitor.wait_for_events();
    {
        ReadLock no_events(mm_.monitor.map_changing_lock());
        if (!all_stand()) return -ENOENT;
    }
    return mm_.uffd.remap(unit_.start, interval_);
}

/// Tells the notifiers, and takes what can be taken. Where that is nothing the unit is given back.
int MigrateVma::take(Interval interval, const CpuVma& vma, const DevPagemap& pagemap) {
    if (mm_.frozen.load() != 0) return -EBUSY;
    // An unmap that has returned may have been read but not handled: it must not be taken for one of what stands here
    // now.
    mm_.monitor.wait_for_reader();
    if (const int err = mm_.hmm.watch(block_, interval, vma); err != 0) return err == -ENOMEM ? err : -ENOENT;
    const bool is_huge = interval.size() == kSize2M && mm_.vmas.is_huge(interval);
    if (const int err = mm_.limbo->take_empty(limbo_kind(interval.size(), is_huge), &unit_); err != 0) return err;

    interval_ = interval;
    int err = 0;
    MmNotifiers::Invalidation told(mm_.notifiers, {interval, MmuEvent::kMigrate});
    {
        MutexLock guard(block_.lock);
        for (unsigned i = first(); i < end(); ++i) {
            // Unwatched again: an unmap was read meanwhile, and what stands here now is other memory.
            if (!block_.registered.test(i)) err = -ENOENT;
            sources_[i] = block_.entries[i];
        }
        if (err == 0) err = check_sources(interval, pagemap);
        for (unsigned i = first(); err == 0 && i < end(); ++i) pages_.take(block_, i);
    }
    if (err != 0) {
        mm_.limbo->give_empty(std::exchange(unit_, {}));
        return err;
    }
    taken_ = take_out(&err);
    return err;
}

int MigrateVma::setup(Interval interval, const CpuVma& vma, const DevPagemap& pagemap) {
    int err = take(interval, vma, pagemap);
    if (unit_.start.value == 0) return err;
    if (err == 0) err = mm_.vmas.populated({unit_.start, unit_.start + interval.size()}, populated_);
    if (err != 0) restore();
    return err;
}

const void* MigrateVma::system_page(unsigned index) const {
    const unsigned place = index - first();
    return populated_[place] != 0 && !pages_.pages[index].stale ? (unit_.start + place * kPageSize).ptr() : nullptr;
}

/// The device pages that were taken are nobody's now.
void MigrateVma::drop_sources() const {
    for (unsigned i = first(); i < end();) {
        const Entry& entry = sources_[i];
        unsigned count = 0;
        while (i < end() && sources_[i].state == entry.state && sources_[i].folio == entry.folio) ++i, ++count;
        if (entry.state == EntryState::kDevice) entry.folio->unmap(count);
    }
}

void MigrateVma::finalize(DeviceFolio& folio) {
    folio.map(end() - first());
    const unsigned unwanted = finalize(interval_, [&](Entry& entry, unsigned index) {
        entry.state = EntryState::kDevice;
        entry.index = index - first();
        entry.folio = &folio;
    });
    if (unwanted != 0) folio.unmap(unwanted);
    drop_sources();
    complete_ = mm_.uffd.has_move() && all_system();
    for (unsigned i = first(); complete_ && i < end(); ++i) complete_ = system_page(i) != nullptr;
}

/// Device pages are where they were, and of the system pages those that were taken come back.
void MigrateVma::restore() {
    const std::span taken(&pages_.pages[first()], interval_.pages());
    const auto is_stale = [](const Migration::Page& page) { return page.stale; };
    if (std::ranges::any_of(taken, is_stale)) {
        ReadLock no_events(mm_.monitor.map_changing_lock());
        for (Migration::Page& page : taken) page.discarded |= page.stale;
    }
    if (taken_ == interval_.size() && all_system()) {
        move_back(interval_, unit_.start);
        return;
    }
    for (unsigned i = first(); i < end(); ++i) {
        const std::uint64_t offset = (i - first()) * kPageSize;
        if (sources_[i].state == EntryState::kDevice)
            keep(page_at(i));
        else if (offset < taken_)
            put_back_page(i, unit_.start + offset);
        else
            finalize_as_system(page_at(i));
    }
}

// To system memory

void MigrateVma::setup(Interval interval, const DeviceFolioFilter& which) {
    const unsigned low = block_.index_of(interval.start);
    MmNotifiers::Invalidation told(mm_.notifiers, {interval, MmuEvent::kMigrate});
    MutexLock guard(block_.lock);
    for (unsigned i = low; i < low + interval.pages(); ++i)
        sources_[i] = block_.entries[i].is_device(which) ? pages_.take(block_, i) : Entry{};
}

int MigrateVma::alloc_system(Interval interval, bool was_huge, LimboUnit* unit) {
    return mm_.limbo->take_populated(limbo_kind(interval.size(), was_huge), unit);
}

void MigrateVma::put_back(Interval interval, const LimboUnit& unit) {
    if (move_back(interval, unit.start))
        mm_.limbo->give_empty(unit);
    else if (mm_.uffd.has_move())
        mm_.limbo->give_discarded(unit);
    else
        mm_.limbo->give_populated(unit);
}

void MigrateVma::keep(Interval interval) {
    DeviceFolio& folio = *sources_[block_.index_of(interval.start)].folio;
    const unsigned unwanted = finalize(interval, [&](Entry& entry, unsigned index) { entry = sources_[index]; });
    if (unwanted != 0) folio.unmap(unwanted);
}

void MigrateVma::free_system(const LimboUnit& unit) { mm_.limbo->give_populated(unit); }

// Both

/// Puts one page at wherever it belongs by now, by copying: the slow way, for VMAs that changed under the migration.
void MigrateVma::put_back_page(unsigned index, VirtAddr from) {
    // Where the unit is registered, a hole in it is filled by the reader, which must not be waited for below.
    static_cast<void>(*from.ptr<const volatile char>());
    const Migration::Page& page = pages_.pages[index];
    // EAGAIN and ENOENT: an unmap or remap is under way whose event will tell where the page belongs. ENOMEM: its bytes
    // are nowhere else, so it waits for memory.
    for (int err = -EAGAIN; err == -EAGAIN || err == -ENOENT || err == -ENOMEM; sched_yield()) {
        ReadLock no_events(mm_.monitor.map_changing_lock());
        err = page.at.value == 0 || page.discarded ? 0 : mm_.uffd.copy_page(page.at, from);
    }
    finalize_as_system(page_at(index));
}

/// Moves the unit's pages to the interval, and ends their migration. True when the unit is empty then.
bool MigrateVma::move_back(Interval interval, VirtAddr unit) {
    const unsigned first = block_.index_of(interval.start);
    const auto pages = static_cast<unsigned>(interval.pages());
    const auto undisturbed = [&] {
        for (unsigned i = first; i < first + pages; ++i)
            if (!pages_.undisturbed(i)) return false;
        return true;
    };
    std::uint64_t done = 0;
    int err = 0;
    while (done < interval.size() && (err == 0 || err == -EAGAIN)) {
        if (err == -EAGAIN) {
            // As in take_out(): the reader has its turn while the lock is free.
            ++mm_.move_retries;
            sched_yield();
        }
        ReadLock no_events(mm_.monitor.map_changing_lock());
        if (!undisturbed()) break;
        const VirtAddr to = interval.start + done;
        const std::uint64_t left = interval.size() - done;
        // A copy takes long enough to be cut: CPU faults wait for the reader.
        done += mm_.uffd.has_move() ? move_pages(mm_.uffd, mm_.vmas, to, unit + done, left, &err)
                                    : mm_.uffd.copy(to, unit + done, std::min(left, kSize64K), &err);
    }
    if (done != 0) finalize_as_system({interval.start, interval.start + done});
    for (std::uint64_t i = done / kPageSize; i < pages; ++i)
        put_back_page(first + static_cast<unsigned>(i), unit + i * kPageSize);
    return mm_.uffd.has_move() && done == interval.size();
}

/// Ends the migration of the pages that the interval held: f(entry, index) says what the entry, wherever it is by now,
/// is from here on; kSystem otherwise. Threads that wait for them are woken. Returns how many pages are not wanted any
/// more: unmapped or discarded meanwhile, f was not called.
template <typename F>
unsigned MigrateVma::finalize(Interval interval, F&& f) {
    const unsigned end = block_.index_of(interval.start) + static_cast<unsigned>(interval.pages());
    unsigned unwanted = 0;
    // No event may move an entry between the look at where it is and the lock of the block that has it.
    ReadLock no_events(mm_.monitor.map_changing_lock());
    for (unsigned i = block_.index_of(interval.start); i < end;) {
        if (pages_.pages[i].at.value == 0) {
            ++unwanted;
            ++i;
            continue;
        }
        EntryBlock* block = mm_.entries.find(pages_.pages[i].at);
        MutexLock guard(block->lock);
        for (; i < end && block->interval().contains(pages_.pages[i].at); ++i) {
            const VirtAddr at = pages_.pages[i].at;
            const unsigned index = block->index_of(at);
            Entry& entry = block->entries[index];
            entry = {};
            if (pages_.pages[i].discarded) {
                ++unwanted;
                block->discarded.set(index);  // put back before it was told, or never taken, it is there yet
            } else {
                f(entry, i);
            }
            if (!pages_.stands(i)) mm_.uffd.wake({at, at + kPageSize});
        }
    }
    mm_.uffd.wake(interval);
    return unwanted;
}

void MigrateVma::finalize_as_system(Interval interval) {
    finalize(interval, [](Entry&, unsigned) {});
}

}  // namespace faultline::svm
