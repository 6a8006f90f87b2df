// Prefetch: what the bind ioctl does for DRM_XE_VM_BIND_OP_PREFETCH (xe_vm.c, prefetch_ranges()).

#include <cerrno>
#include <new>

#include "reference/svm/core/arena.h"
#include "reference/svm/xe/garbage_collector.h"
#include "reference/svm/xe/vm_impl.h"

namespace faultline::svm {
namespace {

/// One range's migration, on a prefetch worker.
class RangeJob final : public PrefetchJob {
public:
    RangeJob(Vm::Impl& vm, SvmRange& range, const Vma& vma, Pagemap* dpagemap)
        : vm_(vm), range_(range), vma_(vma), dpagemap_(dpagemap) {}
    // The thread that waits for this job holds vm.lock for reading.
    void work() override FL_NO_THREAD_SAFETY_ANALYSIS { err_ = vm_.prefetch_range(range_, vma_, dpagemap_); }
    int err() const { return err_; }

private:
    Vm::Impl& vm_;
    SvmRange& range_;
    const Vma& vma_;
    Pagemap* dpagemap_;
    int err_ = 0;
};

}  // namespace

bool Vm::Impl::range_validate(const SvmRange& range, TileMask tiles, const Pagemap* dpagemap) {
    ReadLock guard(gpusvm.notifier_lock());
    return range.has_valid_gpu_mapping(tiles) && range.pages.dpagemap() == dpagemap;
}

void Vm::Impl::range_migrate_to_smem(SvmRange& range) {
    if (range.pages.has_devmem_pages() || device.mm().scan(range.interval, nullptr) != MmScan::kSystem)
        device.mm().evict(range.interval);
}

/// What each range of prefetch_ranges() gets. -ENODATA: it is gone, or cannot be moved now.
int Vm::Impl::prefetch_range(SvmRange& range, const Vma& vma, Pagemap* dpagemap) {
    MutexLock guard(range.lock);
    if (range.removed) return -ENODATA;
    SvmContext ctx;
    ctx.dpagemap = dpagemap;
    if (dpagemap == nullptr) range_migrate_to_smem(range);
    if (needs_migrate_to_vram(range, ctx)) {
        GtStats& stats = device.root_tile().gt_stats();
        const std::uint64_t size = range.interval.size();
        const StatTimer timer(device.clock(), stats, gt_stat_of_size(GtStat::kSvm4KMigrateUs, size));
        stats.incr(gt_stat_of_size(GtStat::kSvm4KMigrateCount, size));
        const int err = alloc_vram(range, ctx);
        timer.add();
        if (err != 0) return -ENODATA;
    }
    const int err = range_get_pages(range, vma, ctx);
    return err == -EOPNOTSUPP || err == -EFAULT || err == -EPERM ? -ENODATA : err;
}

int Vm::Impl::prefetch_mirror(const Vma& vma, Interval interval, Pagemap* dpagemap) try {
    std::pmr::vector<RangeRef> wanted(&arena());
    for (VirtAddr addr = interval.start; addr < interval.end;) {
        int err = 0;
        RangeRef range = range_find_or_insert(addr, vma, &err);
        if (err == -ENOENT) {
            // A hole: on with the next CPU VMA (xe_svm_find_vma_start).
            addr = device.mm().find_vma_start({addr, interval.end});
            continue;
        }
        if (!range) return err;
        addr = range->interval.end;
        if (!range_validate(*range, tables.all_tiles(), dpagemap)) wanted.push_back(std::move(range));
    }

    int err = 0;
    if (policy.prefetch == PrefetchMode::kThreaded) {
        std::pmr::vector<RangeJob> jobs(&arena());
        jobs.reserve(wanted.size());
        for (RangeRef& range : wanted) jobs.emplace_back(*this, *range, vma, dpagemap);
        device.prefetch_workers().run(std::span(jobs));
        for (const RangeJob& job : jobs)
            if (err == 0) err = job.err();
    } else {
        for (RangeRef& range : wanted)
            if (err == 0) err = prefetch_range(*range, vma, dpagemap);
    }
    for (RangeRef& range : wanted) {
        if (err != 0) return err;
        MutexLock guard(range->lock);
        err = range->removed ? -ENODATA : range_rebind(*range, vma, tables.all_tiles());
        if (err == -EAGAIN) err = -ENODATA;  // where a fault would try again, a prefetch lets it be
    }
    return err;
} catch (const std::bad_alloc&) {
    return -ENOMEM;
}

int Vm::Impl::prefetch_vma(Vma& vma, Interval interval, const PrefetchRegion& region) {
    int err = 0;
    switch (vma.kind) {
        case VmaKind::kBo:
            return bind_bo(vma, tables.all_tiles());
        case VmaKind::kUserptr: {
            MutexLock guard(vma.fault_lock);
            for (unsigned id = 0; id < device.tile_count() && err == 0; ++id) err = bind_userptr(vma, device.tile(id));
            return err;
        }
        case VmaKind::kCpuAddrMirror:
            break;
    }
    Pagemap* dpagemap = nullptr;
    switch (region.where) {
        case PrefetchRegion::Where::kSystem:
            break;
        case PrefetchRegion::Where::kTile:
            dpagemap = &device.tile(region.tile).pagemap();
            break;
        case PrefetchRegion::Where::kConsultMemAdvisePrefLoc:
            dpagemap = resolve_pagemap(vma, device.root_tile());
            break;
    }
    return prefetch_mirror(vma, interval, dpagemap);
}

int Vm::prefetch(Interval interval, const PrefetchRegion& region) {
    if (interval.empty() || interval.start.value % kPageSize != 0 || interval.end.value % kPageSize != 0)
        return -EINVAL;
    if (region.where == PrefetchRegion::Where::kTile && region.tile >= impl_->device.tile_count()) return -EINVAL;
    impl_->device.mm().sync();  // xe_svm_flush()
    for (;;) {
        {
            ReadOrWriteLock guard(impl_->lock, impl_->policy.prefetch == PrefetchMode::kWriteLock);
            int err = impl_->garbage->collect(*impl_);
            for (Vma* vma = impl_->vmas.first_in(interval); vma != nullptr && err == 0;
                 vma = impl_->vmas.next_in(*vma, interval))
                err = impl_->prefetch_vma(*vma, interval.intersect(vma->interval), region);
            if (err != -EAGAIN) return err == -ENODATA ? 0 : err;
        }
        // VMAs are about to be split.
        WriteLock guard(impl_->lock);
        if (const int reset = impl_->garbage->apply_resets(*impl_); reset != 0) return reset;
    }
}

}  // namespace faultline::svm
