// VMAs and their bindings: mirrors, userptrs and buffers come and go (xe_vm_bind_ioctl).

#include <cerrno>
#include <utility>

#include "reference/svm/xe/garbage_collector.h"
#include "reference/svm/xe/vm_impl.h"

namespace faultline::svm {
namespace {

bool page_aligned(Interval interval) {
    return !interval.empty() && interval.start.value % kPageSize == 0 && interval.end.value % kPageSize == 0;
}

}  // namespace

bool Vm::Impl::holds_ranges(Interval interval) {
    MutexLock guard(gpusvm.range_lock());
    return static_cast<bool>(adopt_range(gpusvm.range_first(interval)));
}

void Vm::Impl::destroy(Vma* vma) {
    last_fault_vma.store(nullptr);
    if (vma->kind == VmaKind::kCpuAddrMirror) {
        for (;;) {
            RangeRef range;
            {
                MutexLock guard(gpusvm.range_lock());
                range = adopt_range(gpusvm.range_first(vma->interval));
            }
            if (!range) break;
            range_destroy(*range);
        }
    } else {
        tables.zap_and_flush(vma->interval);
    }
    if (vma->userptr != nullptr) {
        vma->userptr->remove();
        vma->userptr.reset();
    }
    if (const ArenaPtr<VmBoMapping> mapping = std::move(vma->bo)) mapping->bo().remove_mapping(*mapping);
    // Without memory to restore the mirror, faults there are refused as anywhere without a VMA.
    if (!vma->in_mirror || vm.is_closed() || vmas.restore(vma) != 0) vmas.remove(vma);
}

int Vm::Impl::bind_bo(Vma& vma, TileMask tiles) {
    Bo& bo = vma.bo->bo();
    MutexLock guard(bo.lock);
    if (const int err = bo.validate(); err != 0) return err;
    // Every access kind: the bytes are in this device's memory.
    const PteFlags flags{.writable = !vma.flags.read_only,
                         .atomic = !vma.flags.read_only && vma.attr.atomic_access != AtomicAccess::kCpu,
                         .devmem = true};
    MutexLock reservation(tables.resv);
    for (unsigned id = 0; id < device.tile_count(); ++id) {
        if ((tiles & device.tile(id).bit()) == 0) continue;
        const int err = tables.bind(device.tile(id), vma.interval, bo.vram() + vma.bo->offset(), flags);
        if (err != 0) return err;
    }
    // Release, and present before valid: see Vma::has_valid_gpu_mapping().
    vma.tile_present.fetch_or(tiles, std::memory_order_release);
    vma.tile_invalidated.fetch_and(static_cast<TileMask>(~tiles), std::memory_order_release);
    return 0;
}

void VmBoMapping::invalidate() {
    vm_.tables.zap_and_flush(vma_.interval);
    vma_.tile_invalidated.fetch_or(vma_.tile_present.load(), std::memory_order_release);
}

int Vm::Impl::bind_userptr(Vma& vma, Tile& tile) {
    for (;;) {
        if (const int err = vma.userptr->pin_pages(); err != 0) return err;
        const PteFlags flags{.writable = !vma.flags.read_only};
        PageTable& table = tables.table(tile.id());
        // As range_rebind(): no invalidation between the check and the last PTE.
        MutexLock reservation(tables.resv);
        ReadLock guard(gpusvm.notifier_lock());
        const Pages& pages = vma.userptr->pages();
        if (!pages.valid()) continue;  // -EAGAIN: invalidated since
        const auto gpu = [&](const HmmRun& run) {
            const VirtAddr start = vma.userptr->gpu_address(run.start);
            return Interval{start, start + run.pages * kPageSize};
        };
        for (const HmmRun& run : pages.runs())
            if (const int err = table.stage(gpu(run), run.physical); err != 0) return err;
        for (const HmmRun& run : pages.runs()) table.set(gpu(run), run.physical, flags);
        vma.tile_present.fetch_or(tile.bit(), std::memory_order_release);
        vma.tile_invalidated.fetch_and(static_cast<TileMask>(~tile.bit()), std::memory_order_release);
        return 0;
    }
}

void Vm::Impl::userptr_invalidate(Vma& vma) {
    const TileMask zapped = tables.zap(vma.interval, vma.tile_present.load());
    vma.tile_invalidated.fetch_or(zapped, std::memory_order_release);
    tables.flush(vma.interval, zapped);
}

int Vm::bind_cpu_addr_mirror(Interval interval, BindFlags flags) {
    if (!page_aligned(interval)) return -EINVAL;
    WriteLock guard(impl_->lock);
    if (is_closed()) return -ENOENT;
    Vma* vma = nullptr;
    return impl_->vmas.insert(interval, VmaKind::kCpuAddrMirror, flags, &vma);
}

int Vm::bind_userptr(Interval interval, VirtAddr cpu_start, BindFlags flags) {
    if (!page_aligned(interval) || cpu_start.value % kPageSize != 0) return -EINVAL;
    WriteLock guard(impl_->lock);
    if (is_closed()) return -ENOENT;
    Vma* vma = nullptr;
    if (const int err = impl_->vmas.insert(interval, VmaKind::kUserptr, flags, &vma); err != 0) return err;
    vma->userptr = make_arena<Userptr>(*impl_, impl_->gpusvm, impl_->device, *vma, cpu_start);
    if (vma->userptr == nullptr) {
        impl_->vmas.remove(vma);
        return -ENOMEM;
    }
    return vma->userptr->insert();
}

int Vm::bind_bo(Interval interval, Bo& bo, std::uint64_t offset, BindFlags flags) {
    if (!page_aligned(interval) || offset % kPageSize != 0 || offset + interval.size() > bo.size().count)
        return -EINVAL;
    impl_->device.mm().sync();  // memory that stood here may have been unmapped just before
    WriteLock guard(impl_->lock);
    if (const int err = impl_->garbage->collect_and_reset(*impl_); err != 0) return err;
    if (impl_->holds_ranges(interval)) return -EBUSY;

    Vma* vma = nullptr;
    Vma* mirror = impl_->vmas.first_in(interval);
    int err = 0;
    if (mirror == nullptr) {
        err = impl_->vmas.insert(interval, VmaKind::kBo, flags, &vma);
    } else if (mirror->kind == VmaKind::kCpuAddrMirror && mirror->interval.contains(interval)) {
        impl_->last_fault_vma.store(nullptr);
        err = impl_->vmas.carve(mirror, interval, VmaKind::kBo, flags, &vma);
    } else {
        err = -EINVAL;
    }
    if (err != 0) return err;
    vma->bo = make_arena<VmBoMapping>(*impl_, *vma, bo, offset);
    if (vma->bo == nullptr) {
        impl_->destroy(vma);
        return -ENOMEM;
    }
    {
        MutexLock bo_guard(bo.lock);
        bo.add_mapping(*vma->bo);
    }
    err = impl_->bind_bo(*vma, impl_->tables.all_tiles());
    if (err != 0) impl_->destroy(vma);
    return err;
}

int Vm::unbind(Interval interval) {
    WriteLock guard(impl_->lock);
    if (const int err = impl_->garbage->collect_and_reset(*impl_); err != 0) return err;
    Vma* vma = impl_->vmas.find(interval.start);
    if (vma == nullptr || vma->interval != interval) return -EINVAL;
    if (vma->kind == VmaKind::kCpuAddrMirror && impl_->holds_ranges(interval)) return -EBUSY;
    impl_->destroy(vma);
    return 0;
}

}  // namespace faultline::svm
