// Times the copies of migrations and charges them to the device that copies, as xe_svm_copy() does.
//
// Private to reference/svm.
#pragma once

#include "reference/svm/drm/pagemap.h"

namespace faultline::svm {

constexpr bool is_chunk(std::uint64_t bytes) { return bytes == kPageSize || bytes == kSize64K || bytes == kSize2M; }

/// Per-size counters are charged only with whole chunks.
class CopyTimer {
public:
    CopyTimer(Pagemap& pagemap, bool to_device)
        : pagemap_(pagemap), to_device_(to_device), start_(pagemap.clock().now()) {}
    void done(std::uint64_t bytes) const {
        GtStats& stats = pagemap_.stats();
        const Nanoseconds spent = pagemap_.clock().now() - start_;
        stats.add_time(to_device_ ? GtStat::kSvmDeviceCopyUs : GtStat::kSvmCpuCopyUs, spent);
        stats.incr(to_device_ ? GtStat::kSvmDeviceCopyKb : GtStat::kSvmCpuCopyKb, bytes >> 10);
        if (is_chunk(bytes))
            stats.add_time(gt_stat_of_size(to_device_ ? GtStat::kSvm4KDeviceCopyUs : GtStat::kSvm4KCpuCopyUs, bytes),
                           spent);
    }

private:
    Pagemap& pagemap_;
    bool to_device_;
    Nanoseconds start_;
};

}  // namespace faultline::svm
