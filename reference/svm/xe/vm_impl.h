// Inside of a Vm: its VMAs and ranges, and what is done to them. vm.cpp has its life, vm_bind.cpp VMAs and their
// bindings, vm_fault.cpp the service of faults, svm.cpp that of faults on ranges, svm_invalidate.cpp how ranges come
// and go, prefetch.cpp and madvise.cpp what their names say. Page tables and garbage are classes of their own.
//
// Private to reference/svm. Locks, outermost first: `lock` (xe_vm.lock), the garbage collector's, a range's or VMA's,
// the VM's dma-resv (`tables.resv`), gpusvm's range_lock and notifier lock, the garbage collector's list lock.
#pragma once

#include <atomic>

#include "reference/svm/core/lock.h"
#include "reference/svm/drm/gpusvm.h"
#include "reference/svm/drm/owner.h"
#include "reference/svm/xe/bo.h"
#include "reference/svm/xe/svm_range.h"
#include "reference/svm/xe/userptr.h"
#include "reference/svm/xe/vm.h"
#include "reference/svm/xe/vm_tables.h"
#include "reference/svm/xe/vma.h"

namespace faultline::svm {

class GarbageCollector;

inline constexpr Interval kWholeAddressSpace{{0}, {1ull << 47}};

/// Adds the time since its construction to a counter when told.
class StatTimer {
public:
    StatTimer(Clock& clock, GtStats& stats, GtStat id) : clock_(clock), stats_(stats), id_(id), start_(clock.now()) {}
    void add() const { stats_.add_time(id_, clock_.now() - start_); }

private:
    Clock& clock_;
    GtStats& stats_;
    GtStat id_;
    Nanoseconds start_;
};

/// What find_or_insert and get_pages are asked for (struct drm_gpusvm_ctx).
struct SvmContext {
    bool devmem_only = false;
    Pagemap* dpagemap = nullptr;  ///< wanted placement; null: system memory
    Nanoseconds timeslice{0};
};

struct Vm::Impl final : public GpuSvmOps, public UserptrOwner {
    Impl(Vm& self, Device& owner);
    /// Page tables, garbage collector and owner. 0 or -ENOMEM.
    int init();
    ~Impl() override;

    // svm_invalidate.cpp
    /// __xe_svm_garbage_collector(): unbinds and removes one range, unless somebody did.
    void range_destroy(SvmRange& range) FL_EXCLUDES(range.lock);

    // prefetch.cpp, for the prefetch workers
    /// Migrates one range and looks its pages up. -ENODATA: it is gone, or cannot be moved now.
    int prefetch_range(SvmRange& range, const Vma& vma, Pagemap* dpagemap) FL_REQUIRES_SHARED(lock);

    Vm& vm;
    Device& device;
    const Policy policy;  ///< of the device when the VM was made
    SharedMutex lock{LockRank::kVm, "vm.lock", Prefer::kWriters};
    VmaTree vmas FL_GUARDED_BY(lock);
    std::atomic<Vma*> last_fault_vma{nullptr};  ///< a hint; cleared under `lock` for writing whenever a VMA goes
    GpuSvm gpusvm;
    VmTables tables;

private:
    friend class Vm;

    // GpuSvmOps and UserptrOwner
    Range* range_alloc(Notifier& notifier, Interval interval, bool migrate_devmem) override;
    void range_free(Range* range) override;
    void invalidate(Notifier& notifier, const MmuRange& range) override;
    void userptr_invalidate(Vma& vma) override;

    // vm_bind.cpp
    /// The VMA's buffer, userptr or ranges are unbound and dropped, and the VMA with them.
    void destroy(Vma* vma) FL_REQUIRES(lock);
    bool holds_ranges(Interval interval);
    /// Binds a buffer's VMA on the tiles; brings the buffer back into VRAM. 0, -ENOMEM, -EIO.
    int bind_bo(Vma& vma, TileMask tiles) FL_REQUIRES_SHARED(lock);
    int bind_userptr(Vma& vma, Tile& tile) FL_REQUIRES_SHARED(lock) FL_REQUIRES(vma.fault_lock);

    // vm_fault.cpp
    /// xe_vma_need_vram_for_atomic(): 1, 0, or -EACCES.
    int need_vram_for_atomic(const Vma& vma, Access access) const;
    int handle_vma_pagefault(Vma& vma, Tile& tile, Access access) FL_REQUIRES_SHARED(lock);

    // svm.cpp
    int svm_handle_pagefault(Vma& vma, Tile& tile, VirtAddr addr, Access access, Interval* serviced)
        FL_REQUIRES_SHARED(lock);
    struct SvmFault;
    int try_fault(SvmFault& fault) FL_REQUIRES_SHARED(lock);
    /// xe_vma_resolve_pagemap(): what a fault on this tile migrates to; null: nothing.
    Pagemap* resolve_pagemap(const Vma& vma, Tile& tile) const;
    /// xe_svm_range_find_or_insert(): empty and *err on failure.
    RangeRef range_find_or_insert(VirtAddr addr, const Vma& vma, int* err) FL_REQUIRES_SHARED(lock);
    /// xe_svm_range_needs_migrate_to_vram().
    bool needs_migrate_to_vram(const SvmRange& range, const SvmContext& ctx) const;
    /// xe_svm_alloc_vram(): the whole range into ctx.dpagemap.
    int alloc_vram(SvmRange& range, const SvmContext& ctx) FL_REQUIRES(range.lock);
    /// xe_svm_range_get_pages().
    int range_get_pages(SvmRange& range, const Vma& vma, const SvmContext& wanted) FL_REQUIRES(range.lock);
    /// xe_vm_range_rebind(): PTEs for every run of the range on those tiles; -EAGAIN when an invalidation came between.
    int range_rebind(SvmRange& range, const Vma& vma, TileMask tiles) FL_REQUIRES(range.lock);

    // svm_invalidate.cpp
    void range_destroy_locked(SvmRange& range) FL_REQUIRES(range.lock);
    TileMask range_event_begin(SvmRange& range, Interval& flushed);
    void range_event_end(SvmRange& range, const MmuRange& mmu_range);

    // prefetch.cpp
    int prefetch_vma(Vma& vma, Interval interval, const PrefetchRegion& region) FL_REQUIRES_SHARED(lock);
    int prefetch_mirror(const Vma& vma, Interval interval, Pagemap* dpagemap) FL_REQUIRES_SHARED(lock);
    /// xe_svm_range_validate(): bound on all those tiles and, if wanted, in that pagemap; else in system memory.
    bool range_validate(const SvmRange& range, TileMask tiles, const Pagemap* dpagemap);
    /// xe_svm_range_migrate_to_smem().
    void range_migrate_to_smem(SvmRange& range) FL_REQUIRES(range.lock);

    // madvise.cpp
    /// xe_svm_unmap_address_range(): ranges that cross an end of the interval are evicted and removed.
    void unmap_address_range(Interval interval) FL_REQUIRES(lock);
    /// xe_svm_ranges_zap_ptes_in_range(), and the same for other VMAs; returns the tiles to flush.
    TileMask zap_vma(Vma& vma) FL_REQUIRES(lock);

    std::atomic<unsigned> refs{1};
    std::atomic<bool> closed{false};
    std::atomic<std::size_t> ranges{0};  ///< not yet removed
    Peer peer;                           ///< whose device pages this VM may map
    ArenaPtr<GarbageCollector> garbage;
};

/// A buffer's binding in one VMA.
class VmBoMapping final : public BoMapping {
public:
    VmBoMapping(Vm::Impl& vm, Vma& vma, Bo& bo, std::uint64_t offset) : bo_(bo), offset_(offset), vm_(vm), vma_(vma) {}
    void invalidate() override;
    Bo& bo() { return bo_; }
    std::uint64_t offset() const { return offset_; }

private:
    Bo& bo_;
    const std::uint64_t offset_;
    Vm::Impl& vm_;
    Vma& vma_;
};

}  // namespace faultline::svm
