// The framework part of SVM (drm_gpusvm): notifiers, ranges, and the choice of a range's size.
//
// Thread safety: find, insert, remove and walks REQUIRE range_lock(), the lock that the driver sets for it
// (drm_gpusvm_driver_set_lock: vm.lock in 7.0, range_lock in the series; the latter is right under both). Invalidation
// comes from any thread and takes the notifier lock. Ownership: owns notifiers and, through them, one reference to each
// range until it is removed.
#pragma once

#include <span>

#include "reference/svm/core/lock.h"
#include "reference/svm/drm/notifier.h"
#include "reference/svm/drm/range.h"
#include "reference/svm/mm/mm.h"

namespace faultline::svm {

/// struct drm_gpusvm_ops: what the driver adds.
class GpuSvmOps {
public:
    virtual ~GpuSvmOps() = default;
    /// Allocates the driver's range; throws std::bad_alloc as arena_new() does.
    virtual Range* range_alloc(Notifier& notifier, Interval interval, bool migrate_devmem) = 0;
    /// The last reference is gone.
    virtual void range_free(Range* range) = 0;
    /// Zap, flush, unmap. Called with the notifier lock held exclusively.
    virtual void invalidate(Notifier& notifier, const MmuRange& range) = 0;
};

/// struct drm_gpusvm_ctx, the part that find_or_insert needs.
struct RangeContext {
    bool read_only = false;
    bool devmem_possible = true;
    std::uint64_t check_pages_threshold = 0;
};

class GpuSvm {
public:
    GpuSvm(Mm& mm, GpuSvmOps& ops, std::uint64_t notifier_size, std::span<const std::uint64_t> chunk_sizes);
    /// drm_gpusvm_fini(). REQUIRES: every range removed.
    ~GpuSvm() = default;
    /// drm_gpusvm_range_find_or_insert(): the range at `fault_addr` inside the GPU VMA, made if need be, with a
    /// reference for the caller. Null and *err: -ENOENT no CPU VMA; -EPERM not writable and not read_only; -EINVAL no
    /// chunk fits; -ENOMEM.
    Range* range_find_or_insert(VirtAddr fault_addr, Interval gpu_vma, const RangeContext& ctx, int* err)
        FL_REQUIRES(range_lock_);
    /// drm_gpusvm_range_remove(): out of the tree, whose reference is dropped; the notifier goes with its last range.
    /// REQUIRES: the range's pages unmapped, and another reference.
    void range_remove(Range* range) FL_REQUIRES(range_lock_);
    /// The first range that overlaps the interval, with a reference for the caller, or null.
    Range* range_first(Interval interval) FL_REQUIRES(range_lock_);
    /// Calls f(range) for each range that overlaps the interval; f may not change the tree.
    template <typename F>
    void for_each_range(Interval interval, F&& f) FL_REQUIRES(range_lock_) {
        for (Notifier& notifier : notifiers_) {
            if (!notifier.aligned.overlaps(interval)) continue;
            for (auto r = notifier.range_find(interval); r != notifier.ranges.end() && r->interval.overlaps(interval);
                 ++r)
                f(*r);
        }
    }

    Mm& mm() { return mm_; }
    GpuSvmOps& ops() { return ops_; }
    Mutex& range_lock() FL_TSA(lock_returned(range_lock_)) { return range_lock_; }
    SharedMutex& notifier_lock() FL_TSA(lock_returned(notifier_lock_)) { return notifier_lock_; }

private:
    Notifier* notifier_find(VirtAddr addr) FL_REQUIRES(range_lock_);
    void notifier_remove(Notifier* notifier) FL_REQUIRES(range_lock_);
    /// drm_gpusvm_range_chunk_size(): 0 when none fits.
    std::uint64_t chunk_size(Notifier& notifier, const CpuVma& vma, VirtAddr fault_addr, Interval gpu_vma,
                             const RangeContext& ctx);

    Mm& mm_;
    GpuSvmOps& ops_;
    const std::uint64_t notifier_size_;
    const std::span<const std::uint64_t> chunk_sizes_;
    Mutex range_lock_{LockRank::kRangeTree, "vm.svm.range_lock"};
    SharedMutex notifier_lock_{LockRank::kNotifier, "gpusvm.notifier_lock"};
    NotifierTree notifiers_ FL_GUARDED_BY(range_lock_);
};

}  // namespace faultline::svm
