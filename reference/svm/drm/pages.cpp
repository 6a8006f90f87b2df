// drm_gpusvm_get_pages(): fault in, look the pages up, and begin again where an invalidation came between.

#include "reference/svm/drm/pages.h"

#include <sched.h>

#include <cerrno>
#include <new>

#include "reference/svm/core/arena.h"

namespace faultline::svm {
namespace {

constexpr Nanoseconds kHmmRangeDefaultTimeout = std::chrono::milliseconds(1000);  // HMM_RANGE_DEFAULT_TIMEOUT

}  // namespace

Pages::Pages(const DrmDevice& device) : device_(device), runs_(&arena()) {}

Pages::~Pages() { unmap_in_notifier(); }

int Pages::check_placement(const std::pmr::vector<HmmRun>& runs, const PagesContext& ctx, Pagemap** dpagemap) const {
    const DeviceFolio* first = runs.front().folio;
    *dpagemap = first != nullptr ? &to_pagemap(first->pagemap) : nullptr;
    for (const HmmRun& run : runs) {
        if (run.folio == nullptr) {
            if (*dpagemap != nullptr) return -EOPNOTSUPP;
            if (ctx.devmem_only) return -EFAULT;
            continue;
        }
        if (*dpagemap == nullptr || &run.folio->pagemap != *dpagemap) return -EOPNOTSUPP;
        if (run.folio != first && !ctx.allow_mixed) return -EOPNOTSUPP;
    }
    return 0;
}

int Pages::get(GpuSvm& gpusvm, const IntervalNotifier& notifier, Interval interval, const PagesContext& ctx) {
    Mm& mm = gpusvm.mm();
    const Nanoseconds deadline = device_.clock().now() + kHmmRangeDefaultTimeout;
    const HmmRequest request{interval, !ctx.read_only, ctx.device_private_owner};
    try {
        std::pmr::vector<HmmRun> runs(&arena());
        for (;;) {
            if (device_.clock().now() > deadline) return -EBUSY;
            const std::uint64_t seq = mm.read_begin(notifier);
            {
                ReadLock lock(gpusvm.notifier_lock());
                if (valid()) {
                    if (mm.read_retry(notifier, seq)) continue;  // told since: what looks valid may not be
                    notifier_seq_ = seq;
                    return 0;
                }
            }
            runs.clear();
            const int err = mm.range_fault(request, runs);
            if (err == -EBUSY) {
                sched_yield();  // a migration of these pages is under way in another thread
                continue;
            }
            if (err != 0) return err;

            ReadLock lock(gpusvm.notifier_lock());
            if (ctx.unmapped != nullptr && ctx.unmapped->load(std::memory_order_relaxed)) return -EFAULT;
            if (mm.read_retry(notifier, seq)) continue;  // the pages may have moved while they were looked up
            Pagemap* dpagemap = nullptr;
            if (const int placement = check_placement(runs, ctx, &dpagemap); placement != 0) return placement;
            runs_.swap(runs);
            dpagemap_.store(dpagemap, std::memory_order_relaxed);
            (dpagemap != nullptr ? has_devmem_pages_ : has_dma_mapping_).store(true, std::memory_order_relaxed);
            notifier_seq_ = seq;
            return 0;
        }
    } catch (const std::bad_alloc&) {
        return -ENOMEM;
    }
}

void Pages::unmap_in_notifier() {
    has_devmem_pages_.store(false, std::memory_order_relaxed);
    has_dma_mapping_.store(false, std::memory_order_relaxed);
    dpagemap_.store(nullptr, std::memory_order_relaxed);
    runs_.clear();
}

void Pages::unmap(GpuSvm& gpusvm) {
    WriteLock lock(gpusvm.notifier_lock());
    unmap_in_notifier();
}

}  // namespace faultline::svm
