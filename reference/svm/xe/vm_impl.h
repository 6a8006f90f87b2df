// Inside of a Vm, shared by vm.cpp (lifecycle), vm_bind.cpp (VMAs and their bindings), vm_fault.cpp (fault service),
// svm.cpp (faults on ranges), svm_invalidate.cpp (invalidation and garbage collection), prefetch.cpp and madvise.cpp.
//
// Private to reference/svm. Locks, outermost first: `lock` (xe_vm.lock), `garbage_collector_lock`, a range's or VMA's
// lock, `resv` (the VM's dma-resv: one binder at a time), gpusvm's range_lock and notifier lock, `garbage_list_lock`.
#pragma once

#include <array>
#include <atomic>
#include <memory_resource>
#include <vector>

#include "reference/svm/core/lock.h"
#include "reference/svm/drm/gpusvm.h"
#include "reference/svm/drm/owner.h"
#include "reference/svm/xe/bo.h"
#include "reference/svm/xe/page_table.h"
#include "reference/svm/xe/svm_range.h"
#include "reference/svm/xe/userptr.h"
#include "reference/svm/xe/vm.h"
#include "reference/svm/xe/vma.h"

namespace faultline::svm {

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
    /// Page tables and owner. 0 or -ENOMEM.
    int init();
    ~Impl();

    // vm_bind.cpp
    /// Maps `interval` to `physical` on the tile; stages, then commits under the notifier lock. 0 or -ENOMEM.
    int bind(Tile& tile, Interval interval, const void* physical, PteFlags flags) FL_REQUIRES(resv);
    /// Zaps and flushes on every tile: no EU uses a translation of the interval when it returns.
    void zap_and_flush(Interval interval);
    /// Tells every tile of the mask that its translations of the interval are void.
    void flush(Interval interval, TileMask tiles);
    /// The VMA's buffer, userptr or ranges are unbound and dropped, and the VMA with them.
    void destroy(Vma* vma) FL_REQUIRES(lock);
    bool holds_ranges(Interval interval);
    /// Binds a buffer's VMA on the tiles; brings the buffer back into VRAM. 0, -ENOMEM, -EIO.
    int bind_bo(Vma& vma, TileMask tiles) FL_REQUIRES_SHARED(lock);
    int bind_userptr(Vma& vma, Tile& tile) FL_REQUIRES_SHARED(lock) FL_REQUIRES(vma.fault_lock);
    void userptr_invalidate(Vma& vma) override;

    // vm_fault.cpp
    /// xe_vma_need_vram_for_atomic(): 1, 0, or -EACCES.
    int need_vram_for_atomic(const Vma& vma, Access access) const;
    int handle_vma_pagefault(Vma& vma, Tile& tile, Access access) FL_REQUIRES_SHARED(lock);

    // svm.cpp
    int svm_handle_pagefault(Vma& vma, Tile& tile, VirtAddr addr, Access access, Interval* serviced)
        FL_REQUIRES_SHARED(lock);
    /// xe_vma_resolve_pagemap(): what a fault on this tile migrates to; null: nothing.
    Pagemap* resolve_pagemap(const Vma& vma, Tile& tile) const;
    /// xe_svm_range_find_or_insert(): empty and *err on failure.
    RangeRef range_find_or_insert(VirtAddr addr, const Vma& vma, int* err) FL_REQUIRES_SHARED(lock);
    /// xe_svm_range_needs_migrate_to_vram().
    bool needs_migrate_to_vram(const SvmRange& range, const SvmContext& ctx) const;
    /// xe_svm_alloc_vram(): the whole range into ctx.dpagemap.
    int alloc_vram(SvmRange& range, const SvmContext& ctx) FL_REQUIRES(range.lock);
    /// xe_svm_range_get_pages().
    int range_get_pages(SvmRange& range, const Vma& vma, const SvmContext& ctx) FL_REQUIRES(range.lock);
    /// xe_vm_range_rebind(): PTEs for every run of the range on those tiles; -EAGAIN when an invalidation came between.
    int range_rebind(SvmRange& range, const Vma& vma, TileMask tiles) FL_REQUIRES(range.lock);

    // svm_invalidate.cpp
    Range* range_alloc(Notifier& notifier, Interval interval, bool migrate_devmem) override;
    void range_free(Range* range) override;
    void invalidate(Notifier& notifier, const MmuRange& range) override;
    /// xe_svm_garbage_collector(): 0, -ENOENT (closed), -EAGAIN (advice is to be reset: see apply_resets()).
    int garbage_collector() FL_REQUIRES_SHARED(lock);
    /// __xe_svm_garbage_collector(): unbinds and removes one range, unless somebody did.
    void range_destroy(SvmRange& range) FL_EXCLUDES(range.lock);
    void range_destroy_locked(SvmRange& range) FL_REQUIRES(range.lock);
    /// xe_svm_range_set_default_attr() for all that was unmapped from VMAs that are bound so. The series splits VMAs
    /// with vm.lock held for reading, while other faults walk them; here it needs the lock for writing.
    int apply_resets() FL_REQUIRES(lock);
    /// The first thing of every operation under vm.lock for writing: garbage, then resets. 0, -ENOENT, -ENOMEM.
    int settle() FL_REQUIRES(lock);

    // prefetch.cpp
    int prefetch_vma(Vma& vma, Interval interval, const PrefetchRegion& region) FL_REQUIRES_SHARED(lock);
    int prefetch_mirror(const Vma& vma, Interval interval, Pagemap* dpagemap) FL_REQUIRES_SHARED(lock);
    int prefetch_range(SvmRange& range, const Vma& vma, Pagemap* dpagemap) FL_REQUIRES_SHARED(lock);
    /// xe_svm_range_validate(): bound on all those tiles and, if wanted, in that pagemap; else in system memory.
    bool range_validate(const SvmRange& range, TileMask tiles, const Pagemap* dpagemap);
    /// xe_svm_range_migrate_to_smem().
    void range_migrate_to_smem(SvmRange& range) FL_REQUIRES(range.lock);

    // madvise.cpp
    /// xe_svm_unmap_address_range(): ranges that cross an end of the interval are evicted and removed.
    void unmap_address_range(Interval interval) FL_REQUIRES(lock);
    /// xe_svm_ranges_zap_ptes_in_range(), and the same for other VMAs; returns the tiles to flush.
    TileMask zap_vma(Vma& vma) FL_REQUIRES(lock);

    TileMask all_tiles() const { return static_cast<TileMask>((1u << device.tile_count()) - 1); }
    template <typename F>
    void for_each_tile(TileMask tiles, F&& f) {
        for (unsigned id = 0; id < device.tile_count(); ++id)
            if ((tiles & (1u << id)) != 0) f(device.tile(id), *page_tables[id]);
    }

    Vm& vm;
    Device& device;
    const Policy policy;  ///< of the device when the VM was made
    std::uint32_t asid = 0;
    std::atomic<unsigned> refs{1};
    std::atomic<bool> closed{false};

    SharedMutex lock{LockRank::kVm, "vm.lock", Prefer::kWriters};
    VmaTree vmas FL_GUARDED_BY(lock);
    std::atomic<Vma*> last_fault_vma{nullptr};  ///< a hint; cleared under `lock` for writing whenever a VMA goes
    std::atomic<std::size_t> ranges{0};         ///< not yet freed

    Mutex resv{LockRank::kVmReservation, "vm.resv"};
    std::array<ArenaPtr<PageTable>, kMaxTiles> page_tables;
    Peer peer;  ///< whose device pages this VM may map
    GpuSvm gpusvm;

    Mutex garbage_collector_lock{LockRank::kGarbageCollector, "vm.svm.garbage_collector.lock"};
    Mutex garbage_list_lock{LockRank::kQueue, "vm.svm.garbage_collector.list_lock"};
    GarbageList garbage_list FL_GUARDED_BY(garbage_list_lock);
    std::pmr::vector<Interval> resets FL_GUARDED_BY(garbage_list_lock);

private:
    struct SvmFault;
    int try_fault(SvmFault& fault) FL_REQUIRES_SHARED(lock);
    TileMask range_event_begin(SvmRange& range, Interval& flushed);
    void range_event_end(SvmRange& range, const MmuRange& mmu_range);
    RangeRef garbage_pop();
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
