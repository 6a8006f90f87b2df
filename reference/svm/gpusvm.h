// The framework part of SVM (drm_gpusvm): notifiers, ranges, and the choice of a range's size.
//
// Thread safety: find, insert and remove REQUIRE the driver lock (vm.lock held for writing under xe-7.0); invalidation
// comes from any thread and takes the notifier lock. Ownership: owns notifiers and, through them, ranges until removed.
#pragma once

#include <span>

#include "reference/svm/lock.h"
#include "reference/svm/mm.h"
#include "reference/svm/notifier.h"
#include "reference/svm/range.h"

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
    /// REQUIRES: fini() was called.
    ~GpuSvm() = default;
    /// drm_gpusvm_fini(): removes every range and notifier. REQUIRES: every range unmapped, the driver lock.
    void fini();

    /// drm_gpusvm_range_find_or_insert(): the range at `fault_addr` inside the GPU VMA, made if need be. Null and *err:
    /// -ENOENT no CPU VMA; -EPERM not writable and not read_only; -EINVAL no chunk fits; -ENOMEM.
    Range* range_find_or_insert(VirtAddr fault_addr, Interval gpu_vma, const RangeContext& ctx, int* err);
    /// drm_gpusvm_range_remove(): out of the tree, reference dropped; the notifier goes with its last range.
    /// REQUIRES: the range's pages unmapped.
    void range_remove(Range* range);
    /// Calls f(range) for each range that overlaps the interval; f may remove the range it is given.
    template <typename F>
    void for_each_range(Interval interval, F&& f) {
        for (auto n = notifiers_.begin(); n != notifiers_.end();) {
            Notifier& notifier = *n++;
            if (!notifier.aligned.overlaps(interval)) continue;
            auto r = notifier.range_find(interval);
            while (r != notifier.ranges.end() && r->interval.overlaps(interval)) {
                Range& range = *r++;
                const bool last = r == notifier.ranges.end();
                f(range);
                if (last) break;  // f may have removed the notifier with its last range
            }
        }
    }

    Mm& mm() { return mm_; }
    GpuSvmOps& ops() { return ops_; }
    SharedMutex& notifier_lock() FL_TSA(lock_returned(notifier_lock_)) { return notifier_lock_; }

private:
    Notifier* notifier_find(VirtAddr addr);
    void notifier_remove(Notifier* notifier);
    /// drm_gpusvm_range_chunk_size(): 0 when none fits.
    std::uint64_t chunk_size(Notifier& notifier, const CpuVma& vma, VirtAddr fault_addr, Interval gpu_vma,
                             const RangeContext& ctx);

    Mm& mm_;
    GpuSvmOps& ops_;
    const std::uint64_t notifier_size_;
    const std::span<const std::uint64_t> chunk_sizes_;
    SharedMutex notifier_lock_{LockRank::kNotifier, "gpusvm.notifier_lock"};
    NotifierTree notifiers_;
};

}  // namespace faultline::svm
