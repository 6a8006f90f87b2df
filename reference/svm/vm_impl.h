// Inside of a Vm, shared by vm.cpp (VMAs, bind, lifecycle) and svm.cpp (fault service, invalidation, garbage
// collection).
//
// Private to reference/svm. Locks, outermost first: `lock` (xe_vm.lock), `resv` (the VM's dma-resv: one binder at a
// time), the notifier lock of `gpusvm`, `garbage_list_lock`.
#pragma once

#include <atomic>

#include "reference/svm/gpusvm.h"
#include "reference/svm/lock.h"
#include "reference/svm/page_table.h"
#include "reference/svm/svm_range.h"
#include "reference/svm/vm.h"
#include "reference/svm/vma.h"

namespace faultline::svm {

struct Vm::Impl final : public GpuSvmOps {
    Impl(Vm& self, Device& owner);

    // svm.cpp: xe_svm
    Range* range_alloc(Notifier& notifier, Interval interval, bool migrate_devmem) override;
    void range_free(Range* range) override;
    void invalidate(Notifier& notifier, const MmuRange& range) override;
    int svm_handle_pagefault(Vma& vma, VirtAddr fault_addr, Access access) FL_REQUIRES(lock);
    int garbage_collector() FL_REQUIRES(lock);
    /// Unbinds and removes one range (__xe_svm_garbage_collector).
    void range_destroy(SvmRange& range) FL_REQUIRES(lock);

    // vm.cpp
    /// Binds `interval` to `physical` for good; stages, then commits under the notifier lock. 0 or -ENOMEM.
    int bind(Interval interval, const void* physical, PteFlags flags) FL_REQUIRES(resv);
    /// Zaps and flushes: no EU uses a translation of the interval when it returns.
    void zap_and_flush(Interval interval);

    Vm& vm;
    Device& device;
    std::uint32_t asid = 0;
    std::atomic<unsigned> refs{1};
    std::atomic<bool> closed{false};

    SharedMutex lock{LockRank::kVm, "vm.lock"};
    VmaTree vmas FL_GUARDED_BY(lock);
    Vma* last_fault_vma FL_GUARDED_BY(lock) = nullptr;
    std::size_t ranges = 0;  ///< in the tree; changes under `lock`

    Mutex resv{LockRank::kVramReservation, "vm.resv"};
    PageTable page_table;
    GpuSvm gpusvm;

    Mutex garbage_list_lock{LockRank::kQueue, "vm.svm.garbage_collector.lock"};
    GarbageList garbage_list FL_GUARDED_BY(garbage_list_lock);

private:
    bool range_event_begin(SvmRange& range, Interval& flush);
    void range_event_end(SvmRange& range, const MmuRange& mmu_range);
    SvmRange* garbage_pop();
    int alloc_vram(SvmRange& range, Nanoseconds timeslice);
    int range_bind(SvmRange& range) FL_EXCLUDES(resv);
    int range_get_pages(SvmRange& range, bool devmem_only);
};

}  // namespace faultline::svm
