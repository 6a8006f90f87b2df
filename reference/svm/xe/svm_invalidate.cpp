// Ranges come, are invalidated and go: xe_svm_invalidate() and the garbage collector of xe_svm.c.

#include <cerrno>
#include <new>

#include "reference/svm/core/arena.h"
#include "reference/svm/xe/garbage_worker.h"
#include "reference/svm/xe/vm_impl.h"

namespace faultline::svm {

Range* Vm::Impl::range_alloc(Notifier& notifier, Interval interval, bool migrate_devmem) {
    auto* range = arena_new<SvmRange>(gpusvm, notifier, interval, migrate_devmem, device);
    vm.get();
    ++ranges;
    return range;
}

void Vm::Impl::range_free(Range* range) {
    Vm& owner = vm;
    arena_delete(&to_svm_range(*range));  // frees its pages: the backstop
    owner.put();
}

// --- Invalidation
// ------------------------------------------------------------------------------------------------------

/// xe_svm_range_notifier_event_begin(): zaps the range's PTEs; returns the tiles that have something to flush.
TileMask Vm::Impl::range_event_begin(SvmRange& range, Interval& flushed) {
    if (range.unmapped.load(std::memory_order_relaxed)) return 0;
    TileMask zapped = 0;
    for_each_tile(range.tile_present.load(std::memory_order_relaxed), [&](Tile& tile, PageTable& table) {
        if (!table.zap(range.interval)) return;
        zapped |= tile.bit();
        tile.gt_stats().incr(GtStat::kSvmTlbInvalCount);
    });
    if (zapped == 0) return 0;
    range.tile_invalidated.fetch_or(zapped, std::memory_order_release);
    flushed.start = std::min(flushed.start, range.interval.start);
    flushed.end = std::max(flushed.end, range.interval.end);
    return zapped;
}

/// xe_svm_range_notifier_event_end().
void Vm::Impl::range_event_end(SvmRange& range, const MmuRange& mmu_range) {
    range.pages.unmap_in_notifier();
    if (vm.is_closed() || mmu_range.event != MmuEvent::kUnmap) return;
    range.set_unmapped(mmu_range.interval);
    {
        MutexLock guard(garbage_list_lock);
        if (!range.garbage_collector_link.is_linked()) garbage_list.push_back(range);
    }
    device.garbage_worker().queue(vm);
}

void Vm::Impl::invalidate(Notifier& notifier, const MmuRange& mmu_range) {
    const auto first = notifier.range_find(mmu_range.interval);
    if (first == notifier.ranges.end()) return;
    const Nanoseconds start = device.clock().now();
    Interval flushed = mmu_range.interval.intersect(notifier.aligned);
    const auto for_each = [&](auto&& f) {
        for (auto it = first; it != notifier.ranges.end() && it->interval.overlaps(mmu_range.interval); ++it)
            f(to_svm_range(*it));
    };
    TileMask hit = 0;
    for_each([&](SvmRange& range) { hit |= range_event_begin(range, flushed); });
    flush(flushed, hit);
    for_each([&](SvmRange& range) { range_event_end(range, mmu_range); });
    const Nanoseconds spent = device.clock().now() - start;
    for_each_tile(hit, [&](Tile& tile, PageTable&) { tile.gt_stats().add_time(GtStat::kSvmTlbInvalUs, spent); });
}

// --- Garbage collection
// ------------------------------------------------------------------------------------------------

/// A reference keeps the range while somebody else takes it out of the tree.
RangeRef Vm::Impl::garbage_pop() {
    MutexLock guard(garbage_list_lock);
    if (garbage_list.empty()) return {};
    SvmRange& range = garbage_list.front();
    garbage_list.pop_front();
    return RangeRef(&range);
}

void Vm::Impl::range_destroy(SvmRange& range) {
    MutexLock guard(range.lock);
    range_destroy_locked(range);
}

void Vm::Impl::range_destroy_locked(SvmRange& range) {
    if (range.removed) return;
    range.removed = true;
    zap_and_flush(range.interval);
    range.pages.unmap(gpusvm);
    --ranges;
    {
        MutexLock guard(gpusvm.range_lock());
        gpusvm.range_remove(&range);
    }
    // Only now: as long as it was in the tree, an unmap could queue it again.
    MutexLock guard(garbage_list_lock);
    if (range.garbage_collector_link.is_linked()) garbage_list.erase(garbage_list.iterator_to(range));
}

int Vm::Impl::garbage_collector() {
    if (vm.is_closed()) return -ENOENT;
    MutexLock guard(garbage_collector_lock);
    bool reset = false;
    while (RangeRef range = garbage_pop()) {
        const Interval interval = range->interval;
        range_destroy(*range);
        const Vma* vma = vmas.find(interval.start);
        if (vma == nullptr || !vma->flags.madvise_autoreset || vma->attr.is_default()) continue;
        try {
            MutexLock list_guard(garbage_list_lock);
            resets.push_back(interval);
            reset = true;
        } catch (const std::bad_alloc&) {
            return -ENOMEM;  // the advice stays, as where the kernel cannot split the VMA
        }
    }
    if (reset) return -EAGAIN;
    MutexLock list_guard(garbage_list_lock);
    return resets.empty() ? 0 : -EAGAIN;
}

int Vm::Impl::apply_resets() {
    for (;;) {
        Interval interval;
        {
            MutexLock guard(garbage_list_lock);
            if (resets.empty()) return 0;
            interval = resets.back();
            resets.pop_back();
        }
        last_fault_vma.store(nullptr);
        if (const int err = vmas.split(interval); err != 0) return err;
        for (Vma* vma = vmas.first_in(interval); vma != nullptr; vma = vmas.next_in(*vma, interval))
            if (vma->flags.madvise_autoreset) vma->attr = {};
        vmas.merge(interval);
    }
}

int Vm::Impl::settle() {
    const int err = garbage_collector();
    return err == -EAGAIN ? apply_resets() : err;
}

void Vm::garbage_collector_work() {
    int err = 0;
    {
        ReadOrWriteLock guard(impl_->lock, impl_->policy.locking == FaultLocking::kVmWrite);
        err = impl_->garbage_collector();
    }
    if (err != -EAGAIN) return;  // a closed VM has no ranges left; without memory the next fault tries again
    WriteLock guard(impl_->lock);
    static_cast<void>(impl_->apply_resets());
}

}  // namespace faultline::svm
