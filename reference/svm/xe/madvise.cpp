// Advice about address space: xe_vm_madvise.c.

#include <cerrno>

#include "reference/svm/xe/garbage_collector.h"
#include "reference/svm/xe/vm_impl.h"

namespace faultline::svm {
namespace {

/// madvise_preferred_mem_loc() and madvise_atomic(): true when something changed.
bool apply(Vma& vma, const Madvise& advice, bool atomics_on_smem) {
    if (const auto* preferred = std::get_if<PreferredLocation>(&advice)) {
        if (vma.kind != VmaKind::kCpuAddrMirror || vma.attr.preferred_loc == *preferred) return false;
        vma.attr.preferred_loc = *preferred;
        return true;
    }
    const AtomicAccess access = std::get<AtomicAccess>(advice);
    if (vma.kind == VmaKind::kUserptr && !(access == AtomicAccess::kDevice && atomics_on_smem)) return false;
    if (vma.attr.atomic_access == access) return false;
    vma.attr.atomic_access = access;
    return true;
}

}  // namespace

void Vm::Impl::unmap_address_range(Interval interval) {
    for (const VirtAddr end : {interval.start, interval.end}) {
        RangeRef range;
        {
            MutexLock guard(gpusvm.range_lock());
            range = adopt_range(gpusvm.range_first({end, end + 1}));
        }
        if (!range || range->interval.start == end) continue;
        if (range->pages.has_devmem_pages()) device.mm().evict(range->interval);
        range_destroy(*range);
    }
}

TileMask Vm::Impl::zap_vma(Vma& vma) {
    MutexLock tree_guard(gpusvm.range_lock());
    WriteLock guard(gpusvm.notifier_lock());
    TileMask zapped = 0;
    const auto zap = [&](Interval interval) {
        const TileMask tiles = tables.zap(interval, tables.all_tiles());
        zapped |= tiles;
        return tiles;
    };
    if (vma.kind == VmaKind::kCpuAddrMirror)
        gpusvm.for_each_range(vma.interval, [&](Range& range) {
            to_svm_range(range).tile_invalidated.fetch_or(zap(range.interval), std::memory_order_release);
        });
    else
        vma.tile_invalidated.fetch_or(zap(vma.interval), std::memory_order_release);
    return zapped;
}

int Vm::madvise(Interval interval, const Madvise& advice) {
    if (interval.empty() || interval.start.value % kPageSize != 0 || interval.end.value % kPageSize != 0)
        return -EINVAL;
    if (const auto* preferred = std::get_if<PreferredLocation>(&advice);
        preferred != nullptr && preferred->where == PreferredLocation::Where::kDevice) {
        if (preferred->device == nullptr || preferred->region_instance >= preferred->device->tile_count())
            return -ENOENT;
        // No foreign placement without a fast interconnect.
        if (preferred->device->tile(preferred->region_instance).pagemap().owner() != impl_->peer.owner())
            return -ENOLINK;
    }
    impl_->device.mm().sync();  // xe_svm_flush()
    WriteLock guard(impl_->lock);
    if (const int err = impl_->garbage->collect_and_reset(*impl_); err != 0) return err;
    impl_->last_fault_vma.store(nullptr);
    impl_->unmap_address_range(interval);
    if (const int err = impl_->vmas.split(interval); err != 0) return err;

    // Bindings that are under way end first: they hold the lock for reading.
    TileMask tiles = 0;
    for (Vma* vma = impl_->vmas.first_in(interval); vma != nullptr; vma = impl_->vmas.next_in(*vma, interval))
        if (apply(*vma, advice, impl_->device.config().atomics_on_smem)) tiles |= impl_->zap_vma(*vma);
    impl_->tables.flush(interval, tiles);
    impl_->vmas.merge(interval);
    return 0;
}

std::size_t Vm::query_mem_range_attrs(Interval interval, std::span<MemRangeAttr> out) {
    ReadLock guard(impl_->lock);
    std::size_t count = 0;
    for (Vma* vma = impl_->vmas.first_in(interval); vma != nullptr; vma = impl_->vmas.next_in(*vma, interval)) {
        if (count < out.size()) out[count] = {interval.intersect(vma->interval), vma->attr};
        ++count;
    }
    return count;
}

}  // namespace faultline::svm
