// The locked half of xe_pagefault_service(), and xe_pagefault_handle_vma() for buffers and userptrs.

#include <cerrno>

#include "reference/svm/xe/garbage_collector.h"
#include "reference/svm/xe/vm_impl.h"

namespace faultline::svm {

int Vm::handle_fault(const Pagefault& fault, Interval* serviced) {
    const bool write_locked = impl_->policy.locking == FaultLocking::kVmWrite;
    for (;;) {
        int err = 0;
        {
            ReadOrWriteLock guard(impl_->lock, write_locked);
            if (is_closed()) return -ENOENT;
            // Relaxed: vm.lock keeps the VMA, and is held for writing where one goes and the hint is cleared. Faults
            // that write it at once may each have the last word.
            Vma* vma = impl_->last_fault_vma.load(std::memory_order_relaxed);
            if (vma == nullptr || !vma->interval.contains(fault.page_addr)) vma = impl_->vmas.find(fault.page_addr);
            if (vma == nullptr) return -EINVAL;
            if (vma->flags.read_only && fault.access != Access::kRead) return -EPERM;
            Tile& tile = impl_->device.tile(fault.tile);
            if (vma->kind == VmaKind::kCpuAddrMirror) {
                err = impl_->svm_handle_pagefault(*vma, tile, fault.page_addr, fault.access, serviced);
            } else {
                err = impl_->handle_vma_pagefault(*vma, tile, fault.access);
                if (err == 0) *serviced = vma->interval;
            }
            if (err == 0) impl_->last_fault_vma.store(vma, std::memory_order_relaxed);
        }
        if (err != -EAGAIN) return err;
        // VMAs are about to be split; this one is looked up again.
        WriteLock guard(impl_->lock);
        if (const int reset = impl_->garbage->apply_resets(*impl_); reset != 0) return reset;
    }
}

bool Vm::serves_atomics(VirtAddr addr) {
    ReadLock guard(impl_->lock);
    const Vma* vma = impl_->vmas.find(addr);
    if (vma == nullptr || vma->kind != VmaKind::kCpuAddrMirror) return true;  // the fault gets its answer
    if (impl_->need_vram_for_atomic(*vma, Access::kAtomic) != 1) return true;
    MutexLock tree_guard(impl_->gpusvm.range_lock());
    const RangeRef range = adopt_range(impl_->gpusvm.range_first({addr, addr + 1}));
    return !range || range->migrate_devmem;
}

int Vm::Impl::need_vram_for_atomic(const Vma& vma, Access access) const {
    if (access != Access::kAtomic) return 0;
    switch (vma.attr.atomic_access) {
        case AtomicAccess::kDevice:
            return device.config().atomics_on_smem ? 0 : 1;
        case AtomicAccess::kCpu:
            return -EACCES;
        case AtomicAccess::kUndefined:
        case AtomicAccess::kGlobal:
            break;
    }
    return 1;
}

int Vm::Impl::handle_vma_pagefault(Vma& vma, Tile& tile, Access access) {
    const int need_vram = need_vram_for_atomic(vma, access);
    if (need_vram < 0) return need_vram;
    if (need_vram != 0 && vma.kind == VmaKind::kUserptr) return -EACCES;
    tile.gt_stats().incr(GtStat::kVmaPagefaultCount);
    tile.gt_stats().incr(GtStat::kVmaPagefaultKb, vma.interval.size() >> 10);

    MutexLock guard(vma.fault_lock);
    if (vma.has_valid_gpu_mapping(tile.bit()) && access != Access::kAtomic) return 0;
    // Bound only to the tile that faulted.
    return vma.kind == VmaKind::kUserptr ? bind_userptr(vma, tile) : bind_bo(vma, tile.bit());
}

}  // namespace faultline::svm
