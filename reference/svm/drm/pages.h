// The pages of a range as one device sees them (drm_gpusvm_pages): self-contained, bound to its device at init.
//
// Where the bytes of each page are, whether that is still true (the sequence number), and whether they are mapped. The
// driver embeds one per (range, device) and owns its lifecycle: init before first use, free when the owner goes; unmap
// in the notifier, with free as idempotent backstop. Thread safety: one get() at a time (vm.lock or range lock); flags
// and runs change under the notifier lock and are valid only while it is held; the flags may be peeked at without it.
#pragma once

#include <atomic>
#include <climits>
#include <memory_resource>
#include <vector>

#include "reference/svm/drm/drm_device.h"
#include "reference/svm/drm/gpusvm.h"
#include "reference/svm/drm/pagemap.h"
#include "reference/svm/mm/mm.h"

namespace faultline::svm {

/// struct drm_gpusvm_ctx, the part that get_pages needs.
struct PagesContext {
    bool read_only = false;
    bool devmem_only = false;                     ///< system pages are an error
    bool allow_mixed = false;                     ///< pages of several allocations are taken
    const void* device_private_owner = nullptr;   ///< device pages of others are migrated to system first
    const std::atomic<bool>* unmapped = nullptr;  ///< the range's flag; null for userptr
};

class Pages {
public:
    /// drm_gpusvm_init_pages(): binds the owning device; the sequence number starts where no notifier's is.
    explicit Pages(const DrmDevice& device);
    /// drm_gpusvm_free_pages(): the backstop; unmaps what the notifier did not. REQUIRES: no notifier can reach it.
    ~Pages();
    Pages(const Pages&) = delete;
    Pages& operator=(const Pages&) = delete;

    /// drm_gpusvm_get_pages(). Errors: -EBUSY (1 s timeout), -EFAULT (unmapped, or a system page when devmem_only),
    /// -EOPNOTSUPP (mixed placement: evict, then retry), -ENOMEM, and those of hmm_range_fault.
    int get(GpuSvm& gpusvm, const IntervalNotifier& notifier, Interval interval, const PagesContext& ctx);

    /// drm_gpusvm_pages_valid(). REQUIRES: notifier lock held.
    bool valid() const { return has_devmem_pages() || has_dma_mapping(); }
    /// drm_gpusvm_unmap_pages(), in the notifier: REQUIRES the notifier lock held exclusively.
    void unmap_in_notifier();
    /// The same from elsewhere: takes the notifier lock. Idempotent.
    void unmap(GpuSvm& gpusvm);

    // Relaxed: where they decide anything they are read under the notifier lock, under which they are written.
    bool has_devmem_pages() const { return has_devmem_pages_.load(std::memory_order_relaxed); }
    bool has_dma_mapping() const { return has_dma_mapping_.load(std::memory_order_relaxed); }
    /// Pagemap of the device pages; null when they are system pages. A peek unless the notifier lock is held.
    Pagemap* dpagemap() const { return dpagemap_.load(std::memory_order_relaxed); }
    std::uint64_t notifier_seq() const { return notifier_seq_; }
    /// drm_gpusvm_pages.dma_addr. REQUIRES: notifier lock held, valid().
    const std::pmr::vector<HmmRun>& runs() const { return runs_; }

private:
    /// The rules of placement: one allocation, or system pages alone. Sets the flags' future values.
    int check_placement(const std::pmr::vector<HmmRun>& runs, const PagesContext& ctx, Pagemap** dpagemap) const;

    const DrmDevice& device_;
    std::uint64_t notifier_seq_ = LONG_MAX;
    std::atomic<bool> has_devmem_pages_{false};
    std::atomic<bool> has_dma_mapping_{false};
    std::atomic<Pagemap*> dpagemap_{nullptr};
    std::pmr::vector<HmmRun> runs_;
};

}  // namespace faultline::svm
