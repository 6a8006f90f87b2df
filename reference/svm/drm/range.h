// A GPU SVM range: a stretch of CPU address space that faults, migrates and is unmapped as one (drm_gpusvm_range).
//
// Pure memory-management state: which addresses, which notifier, whether the CPU unmapped them. Mappings of a device
// live in Pages objects that the driver embeds in its own range (see svm_range.h). Thread safety: `interval`, `gpusvm`,
// `notifier` and `migrate_devmem` are fixed from insertion to removal; `unmapped` and `partial_unmap` are written under
// the notifier lock held exclusively and may be peeked at without it. Ownership: refcounted; the notifier's tree holds
// one reference. Invariant: a range is unmapped before it leaves the tree.
#pragma once

#include <atomic>
#include <boost/intrusive/set.hpp>

#include "reference/svm/core/types.h"

namespace faultline::svm {

class GpuSvm;
class Notifier;

class Range : public boost::intrusive::set_base_hook<> {
public:
    Range(GpuSvm& owner, Notifier& under, Interval span, bool may_migrate)
        : interval(span), gpusvm(owner), notifier(&under), migrate_devmem(may_migrate) {}
    virtual ~Range() = default;
    Range(const Range&) = delete;
    Range& operator=(const Range&) = delete;

    /// drm_gpusvm_range_get(). Relaxed: the caller has a reference, or the lock of the tree that has one.
    void get() { refs_.fetch_add(1, std::memory_order_relaxed); }
    /// drm_gpusvm_range_put(): the last reference calls the driver's range_free.
    void put();

    /// drm_gpusvm_range_set_unmapped(). REQUIRES: notifier lock held exclusively.
    void set_unmapped(Interval mmu_interval) {
        // Relaxed: read under the same lock where it decides anything.
        unmapped.store(true, std::memory_order_relaxed);
        if (!mmu_interval.contains(interval)) partial_unmap.store(true, std::memory_order_relaxed);
    }

    const Interval interval;
    GpuSvm& gpusvm;
    Notifier* const notifier;
    const bool migrate_devmem;
    std::atomic<bool> unmapped{false};
    std::atomic<bool> partial_unmap{false};

private:
    std::atomic<unsigned> refs_{1};
};

/// Orders ranges by address; the ranges of a notifier never overlap, so the start is enough.
struct RangeStart {
    using type = VirtAddr;
    VirtAddr operator()(const Range& range) const { return range.interval.start; }
};
using RangeTree = boost::intrusive::set<Range, boost::intrusive::key_of_value<RangeStart>>;

}  // namespace faultline::svm
