// Ranges and notifiers come and go: drm_gpusvm_range_find_or_insert() and _remove().

#include "reference/svm/drm/gpusvm.h"

#include <cerrno>
#include <new>

#include "reference/svm/core/arena.h"

namespace faultline::svm {

void Range::put() {
    // Release and acquire: the last holder frees what the others have left.
    if (refs_.fetch_sub(1, std::memory_order_acq_rel) == 1) gpusvm.ops().range_free(this);
}

GpuSvm::GpuSvm(Mm& mm, GpuSvmOps& ops, std::uint64_t notifier_size, std::span<const std::uint64_t> chunk_sizes)
    : mm_(mm), ops_(ops), notifier_size_(notifier_size), chunk_sizes_(chunk_sizes) {}

Notifier* GpuSvm::notifier_find(VirtAddr addr) {
    auto it = notifiers_.find(addr.align_down(notifier_size_));
    return it == notifiers_.end() ? nullptr : &*it;
}

void GpuSvm::notifier_remove(Notifier* notifier) {
    mm_.notifier_remove(notifier);
    notifiers_.erase(notifiers_.iterator_to(*notifier));
    arena_delete(notifier);
}

std::uint64_t GpuSvm::chunk_size(Notifier& notifier, const CpuVma& vma, VirtAddr fault_addr, Interval gpu_vma,
                                 const RangeContext& ctx) {
    for (const std::uint64_t size : chunk_sizes_) {
        const Interval chunk{fault_addr.align_down(size), fault_addr.align_down(size) + size};
        if (!vma.interval.contains(chunk) || !notifier.aligned.contains(chunk) || !gpu_vma.contains(chunk)) continue;
        if (size > kPageSize) {
            if (notifier.range_find(chunk) != notifier.ranges.end() || mm_.straddles_excluded(chunk)) continue;
            // Only pages that the CPU has faulted in make a range, where migration would be too small to pay.
            if (size <= ctx.check_pages_threshold && !mm_.all_present(chunk)) continue;
        }
        return size;
    }
    return 0;
}

Range* GpuSvm::range_find_or_insert(VirtAddr fault_addr, Interval gpu_vma, const RangeContext& ctx, int* err) {
    CpuVma vma;
    *err = mm_.find_vma(fault_addr, &vma);
    if (*err != 0) return nullptr;
    if (!vma.readable || (!ctx.read_only && !vma.writable)) {
        *err = -EPERM;
        return nullptr;
    }
    Notifier* notifier = notifier_find(fault_addr);
    const bool fresh = notifier == nullptr;
    try {
        if (fresh) {
            const VirtAddr start = fault_addr.align_down(notifier_size_);
            notifier = arena_new<Notifier>(*this, Interval{start, start + notifier_size_});
            static_cast<void>(mm_.notifier_insert(notifier, notifier->aligned));  // 0: a list takes any
            notifiers_.insert(*notifier);
        }
        auto found = notifier->range_find({fault_addr, fault_addr + 1});
        if (found != notifier->ranges.end()) {
            found->get();
            return &*found;
        }

        const std::uint64_t size = chunk_size(*notifier, vma, fault_addr, gpu_vma, ctx);
        if (size == 0) {
            *err = -EINVAL;
        } else {
            const VirtAddr start = fault_addr.align_down(size);
            const Interval chunk{start, start + size};
            const bool migrate_devmem = ctx.devmem_possible && vma.migratable && mm_.migratable(chunk);
            Range* range = ops_.range_alloc(*notifier, chunk, migrate_devmem);
            range->get();
            ReadLock lock(notifier_lock_);
            notifier->ranges.insert(*range);
            return range;
        }
    } catch (const std::bad_alloc&) {
        *err = -ENOMEM;
    }
    if (fresh && notifier != nullptr) notifier_remove(notifier);
    return nullptr;
}

void GpuSvm::range_remove(Range* range) {
    Notifier* notifier = range->notifier;
    {
        ReadLock lock(notifier_lock_);
        notifier->ranges.erase(notifier->ranges.iterator_to(*range));
    }
    if (notifier->ranges.empty()) notifier_remove(notifier);
    range->put();
}

Range* GpuSvm::range_first(Interval interval) {
    for (Notifier& notifier : notifiers_) {
        if (!notifier.aligned.overlaps(interval)) continue;
        auto found = notifier.range_find(interval);
        if (found == notifier.ranges.end()) continue;
        found->get();
        return &*found;
    }
    return nullptr;
}

}  // namespace faultline::svm
