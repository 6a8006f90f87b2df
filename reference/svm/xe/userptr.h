// Memory of the process bound at a GPU address of its own (xe_userptr): pages through the same Pages as SVM's ranges,
// with a notifier of its own, never in device memory.
//
// Thread safety: pin_pages() under the VMA's fault_lock; the rest from any thread. Ownership: its VMA
// owns it; refers to VM and VMA. Invariant: while bound, the sequence number of its pages is the
// notifier's.
#pragma once

#include "reference/svm/drm/pages.h"
#include "reference/svm/mm/mm.h"
#include "reference/svm/xe/vma.h"

namespace faultline::svm {

/// Who zaps what a userptr has bound.
class UserptrOwner {
public:
    virtual ~UserptrOwner() = default;
    /// xe_vma_userptr_do_inval(): zaps and flushes; called with the notifier lock held exclusively.
    virtual void userptr_invalidate(Vma& vma) = 0;
};

class Userptr final : public IntervalNotifier {
public:
    Userptr(UserptrOwner& owner, GpuSvm& gpusvm, const DrmDevice& device, Vma& vma, VirtAddr cpu_start)
        : owner_(owner), gpusvm_(gpusvm), vma_(vma), pages_(device), cpu_{cpu_start, cpu_start + vma.interval.size()} {}

    /// mmu_interval_notifier_insert(). 0.
    int insert() { return gpusvm_.mm().notifier_insert(this, cpu_); }
    /// REQUIRES: unbound.
    void remove() { gpusvm_.mm().notifier_remove(this); }

    /// xe_vma_userptr_pin_pages(): pages of any placement come to system memory and are looked up. Errors of
    /// Pages::get(): -EFAULT where the memory is gone. REQUIRES: the VMA's fault_lock.
    int pin_pages();

    /// xe_vma_userptr_invalidate().
    void invalidate(const MmuRange& range, std::uint64_t seq) override;

    /// REQUIRES: the notifier lock for pages().valid() and runs().
    const Pages& pages() const { return pages_; }
    /// The GPU address of a byte of the memory.
    VirtAddr gpu_address(VirtAddr cpu) const { return vma_.interval.start + (cpu - cpu_.start); }

private:
    UserptrOwner& owner_;
    GpuSvm& gpusvm_;
    Vma& vma_;
    Pages pages_;
    const Interval cpu_;
};

}  // namespace faultline::svm
