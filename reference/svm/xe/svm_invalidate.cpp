// Ranges come, are invalidated and go: xe_svm_invalidate() and the removal of ranges of xe_svm.c.

#include <cerrno>
#include <new>

#include "reference/svm/core/arena.h"
#include "reference/svm/xe/garbage_collector.h"
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

// Invalidation

/// xe_svm_range_notifier_event_begin(): zaps the range's PTEs; returns the tiles that have something to flush.
TileMask Vm::Impl::range_event_begin(SvmRange& range, Interval& flushed) {
    // Relaxed: the notifier lock, which the caller holds, orders all of it. Unmapped: zapped already, and for good.
    if (range.unmapped.load(std::memory_order_relaxed)) return 0;
    const TileMask zapped = tables.zap(range.interval, range.tile_present.load(std::memory_order_relaxed));
    if (zapped == 0) return 0;
    tables.for_each_tile(zapped, [](Tile& tile, PageTable&) { tile.gt_stats().incr(GtStat::kSvmTlbInvalCount); });
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
    garbage->add(range);
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
    tables.flush(flushed, hit);
    for_each([&](SvmRange& range) { range_event_end(range, mmu_range); });
    const Nanoseconds spent = device.clock().now() - start;
    tables.for_each_tile(hit, [&](Tile& tile, PageTable&) { tile.gt_stats().add_time(GtStat::kSvmTlbInvalUs, spent); });
}

// Removal

void Vm::Impl::range_destroy(SvmRange& range) {
    MutexLock guard(range.lock);
    range_destroy_locked(range);
}

void Vm::Impl::range_destroy_locked(SvmRange& range) {
    if (range.removed) return;
    range.removed = true;
    // Unmapped before it leaves the tree: a notifier could not find it afterwards, and its pages may be freed.
    tables.zap_and_flush(range.interval);
    range.pages.unmap(gpusvm);
    --ranges;
    {
        MutexLock guard(gpusvm.range_lock());
        gpusvm.range_remove(&range);
    }
    // Only now: as long as it was in the tree, an unmap could queue it again.
    garbage->forget(range);
}

void Vm::garbage_collector_work() {
    int err = 0;
    {
        ReadOrWriteLock guard(impl_->lock, impl_->policy.locking == FaultLocking::kVmWrite);
        err = impl_->garbage->collect(*impl_);
    }
    if (err != -EAGAIN) return;  // a closed VM has no ranges left; without memory the next fault tries again
    WriteLock guard(impl_->lock);
    static_cast<void>(impl_->garbage->apply_resets(*impl_));
}

}  // namespace faultline::svm
