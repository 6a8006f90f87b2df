// Fault service, invalidation and garbage collection of SVM ranges: xe_svm.c under the xe-7.0 policy.

#include <cerrno>
#include <new>

#include "reference/svm/arena.h"
#include "reference/svm/vm_impl.h"

namespace faultline::svm {
namespace {

// driver_migrate_lock in xe_svm_alloc_vram(): shared by all devices. Held shared for the first try; a migration that
// found pages it cannot untangle takes it exclusively, evicts, and tries once more undisturbed.
SharedMutex driver_migrate_lock{LockRank::kDriverMigrate, "driver_migrate_lock"};

/// Adds the time since its construction to a counter when told.
class StatTimer {
public:
    StatTimer(Device& device, GtStat id) : device_(device), id_(id), start_(device.clock().now()) {}
    void add() const { device_.gt_stats().add_time(id_, device_.clock().now() - start_); }

private:
    Device& device_;
    GtStat id_;
    Nanoseconds start_;
};

/// xe_svm_range_needs_migrate_to_vram(), with the wanted pagemap that of the faulting tile. Atomics take ranges of any
/// size: this VRAM has 4K pages, and a platform that needs 64K ones (XE_VRAM_FLAGS_NEED64K) would fault for ever.
bool needs_migrate_to_vram(const SvmRange& range, Device& device, bool devmem_only) {
    if (!range.migrate_devmem || (!devmem_only && !device.policy().migrate)) return false;
    if (range.pages.dpagemap() == &device.pagemap()) return false;
    return devmem_only || range.interval.size() >= device.policy().migrate_min.count;
}

bool fits_cpu_vma(const Mm& mm, const SvmRange& range) {
    CpuVma vma;
    return mm.find_vma(range.interval.start, &vma) == 0 && vma.interval.contains(range.interval);
}

/// xe_svm_range_is_valid(): bound, not invalidated since, and in device memory where it must be. Opportunistic.
bool range_is_valid(const SvmRange& range, bool devmem_only) {
    return range.tile_present.load(std::memory_order_acquire) &&
           !range.tile_invalidated.load(std::memory_order_acquire) && (!devmem_only || range.pages.has_devmem_pages());
}

}  // namespace

Range* Vm::Impl::range_alloc(Notifier& notifier, Interval interval, bool migrate_devmem) {
    auto* range = arena_new<SvmRange>(gpusvm, notifier, interval, migrate_devmem, device);
    vm.get();
    ++ranges;
    return range;
}

void Vm::Impl::range_free(Range* range) {
    Vm& owner = vm;
    arena_delete(&to_svm_range(*range));
    owner.put();
}

// --- Invalidation
// ------------------------------------------------------------------------------------------------------

/// xe_svm_range_notifier_event_begin(): zaps the range's PTEs; true when there was something to flush.
bool Vm::Impl::range_event_begin(SvmRange& range, Interval& flush) {
    if (range.unmapped.load(std::memory_order_relaxed) || !range.tile_present.load(std::memory_order_relaxed))
        return false;
    flush.start = std::min(flush.start, range.interval.start);
    flush.end = std::max(flush.end, range.interval.end);
    if (!page_table.zap(range.interval)) return false;
    range.tile_invalidated.store(true, std::memory_order_release);
    device.gt_stats().incr(GtStat::kSvmTlbInvalCount);
    return true;
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
    device.queue_garbage_collector(vm);
}

/// xe_svm_invalidate().
void Vm::Impl::invalidate(Notifier& notifier, const MmuRange& mmu_range) {
    const auto first = notifier.range_find(mmu_range.interval);
    if (first == notifier.ranges.end()) return;
    const StatTimer timer(device, GtStat::kSvmTlbInvalUs);
    Interval flush = mmu_range.interval.intersect(notifier.aligned);
    const auto for_each = [&](auto&& f) {
        for (auto it = first; it != notifier.ranges.end() && it->interval.overlaps(mmu_range.interval); ++it)
            f(to_svm_range(*it));
    };
    bool hit = false;
    for_each([&](SvmRange& range) { hit |= range_event_begin(range, flush); });
    if (hit) {
        device.gt_stats().incr(GtStat::kTlbInvalCount);
        device.tlb().invalidate(asid, flush);
    }
    for_each([&](SvmRange& range) { range_event_end(range, mmu_range); });
    if (hit) timer.add();
}

// --- Garbage collection
// ------------------------------------------------------------------------------------------------

SvmRange* Vm::Impl::garbage_pop() {
    MutexLock guard(garbage_list_lock);
    if (garbage_list.empty()) return nullptr;
    SvmRange* range = &garbage_list.front();
    garbage_list.pop_front();
    return range;
}

void Vm::Impl::range_destroy(SvmRange& range) {
    zap_and_flush(range.interval);
    range.pages.unmap(gpusvm);
    {
        MutexLock guard(garbage_list_lock);
        if (range.garbage_collector_link.is_linked()) garbage_list.erase(garbage_list.iterator_to(range));
    }
    --ranges;
    gpusvm.range_remove(&range);
}

/// xe_svm_garbage_collector().
int Vm::Impl::garbage_collector() {
    if (vm.is_closed()) return -ENOENT;
    while (SvmRange* range = garbage_pop()) range_destroy(*range);
    return 0;
}

// --- Fault service
// -----------------------------------------------------------------------------------------------------

/// xe_svm_alloc_vram(): the whole range into the faulting tile's VRAM.
int Vm::Impl::alloc_vram(SvmRange& range, Nanoseconds timeslice) {
    Pagemap& dpagemap = device.pagemap();
    if (device.mm().scan(range.interval, &dpagemap) == MmScan::kEqual) return 0;
    {
        ReadLock guard(driver_migrate_lock);
        const int err = dpagemap.populate_mm(range.interval, timeslice);
        if (err != -EBUSY) return err;
    }
    WriteLock guard(driver_migrate_lock);
    device.mm().evict(range.interval);
    return dpagemap.populate_mm(range.interval, timeslice);
}

/// xe_svm_range_get_pages().
int Vm::Impl::range_get_pages(SvmRange& range, bool devmem_only) {
    PagesContext ctx;
    ctx.devmem_only = devmem_only;
    ctx.device_private_owner = device.pagemap().owner();
    ctx.unmapped = &range.unmapped;
    const int err = range.pages.get(gpusvm, *range.notifier, range.interval, ctx);
    if (err == -EOPNOTSUPP) device.mm().evict(range.interval);
    return err;
}

/// xe_vm_range_rebind(): PTEs for every run of the range; -EAGAIN when an invalidation came between.
int Vm::Impl::range_bind(SvmRange& range) {
    MutexLock reservation(resv);
    ReadLock guard(gpusvm.notifier_lock());
    if (!range.pages.valid()) return -EAGAIN;
    const auto part = [](const HmmRun& run) { return Interval{run.start, run.start + run.pages * kPageSize}; };
    for (const HmmRun& run : range.pages.runs())
        if (const int err = page_table.stage(part(run), run.physical); err != 0) return err;
    for (const HmmRun& run : range.pages.runs()) {
        const bool devmem = run.zdd != nullptr;
        page_table.set(part(run), run.physical, {.writable = true, .atomic = devmem, .devmem = devmem});
    }
    range.tile_present.store(true, std::memory_order_release);
    range.tile_invalidated.store(false, std::memory_order_release);
    return 0;
}

/// __xe_svm_handle_pagefault(), and the loop of xe_svm_handle_pagefault() around it.
int Vm::Impl::svm_handle_pagefault(Vma& vma, VirtAddr fault_addr, Access access) {
    const Policy& policy = device.policy();
    GtStats& stats = device.gt_stats();
    // xe_vma_need_vram_for_atomic(): with the attribute UNDEFINED an atomic fault of a discrete GPU needs VRAM.
    const bool devmem_only = access == Access::kAtomic;
    int migrate_tries = devmem_only ? static_cast<int>(policy.atomic_migrate_tries) : 1;
    Nanoseconds timeslice = devmem_only ? policy.timeslice : Nanoseconds{0};
    const Nanoseconds start = device.clock().now();
    stats.incr(GtStat::kSvmPagefaultCount);

    for (;;) {
        // Unmaps first, so that the view of ranges is current.
        if (const int err = garbage_collector(); err != 0) return err;

        RangeContext ctx;
        ctx.check_pages_threshold = policy.check_pages_threshold.count;
        int err = 0;
        Range* found = gpusvm.range_find_or_insert(fault_addr, vma.interval, ctx, &err);
        if (found == nullptr) return err;
        SvmRange& range = to_svm_range(*found);
        const std::uint64_t size = range.interval.size();
        stats.incr(gt_stat_of_size(GtStat::kSvm4KPagefaultCount, size));
        const auto done = [&] {
            stats.add_time(gt_stat_of_size(GtStat::kSvm4KPagefaultUs, size), device.clock().now() - start);
            return 0;
        };

        // A wart of 7.0, reproduced: what cannot migrate is acked as success, and the GPU faults again.
        if (devmem_only && !range.migrate_devmem) return done();
        if (range_is_valid(range, devmem_only)) {
            stats.incr(gt_stat_of_size(GtStat::kSvm4KValidPagefaultCount, size));
            return done();
        }

        if (--migrate_tries >= 0 && needs_migrate_to_vram(range, device, devmem_only)) {
            const StatTimer timer(device, gt_stat_of_size(GtStat::kSvm4KMigrateUs, size));
            stats.incr(gt_stat_of_size(GtStat::kSvm4KMigrateCount, size));
            err = alloc_vram(range, timeslice);
            timer.add();
            timeslice *= 2;
            if (err != 0) {
                if (!devmem_only) continue;  // no try left: the next round maps the pages where they are
                if (migrate_tries == 0) return err;
                // get_pages below fixes mixed placement by evicting
            }
        }

        const StatTimer get_pages_timer(device, gt_stat_of_size(GtStat::kSvm4KGetPagesUs, size));
        err = range_get_pages(range, devmem_only);
        if (err == -EOPNOTSUPP || err == -EFAULT || err == -EPERM) {
            timeslice *= 2;
            // Addresses may be another mapping's before the notifier hears of it (Mm::sync()): such a range has to go.
            if (!fits_cpu_vma(device.mm(), range)) range_destroy(range);
            if (migrate_tries > 0 || !devmem_only) continue;
            return done();  // the same wart
        }
        if (err != 0) return done();
        get_pages_timer.add();

        const StatTimer bind_timer(device, gt_stat_of_size(GtStat::kSvm4KBindUs, size));
        err = range_bind(range);
        if (err == -EAGAIN) {
            timeslice *= 2;
            continue;
        }
        bind_timer.add();
        return err == 0 ? done() : err;
    }
}

}  // namespace faultline::svm
