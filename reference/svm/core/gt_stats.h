// GT statistics: the kernel's counters under the kernel's names and meanings (xe_gt_stats), in the order of debugfs;
// those of the fine-grained locking series stand where it puts them. The last is the reference's own, and named so: how
// long faults waited for a worker (those that were linked to another did not).
//
// Cumulative sums since creation or the last clear(); no histograms, as in the kernel. Times are microseconds: a
// counter keeps nanoseconds and prints microseconds, so that many short events do not round to zero. Thread safety:
// relaxed atomics; a print during updates is not one moment's picture (nor is it in the kernel).
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <string>
#include <string_view>

#include "reference/svm/core/types.h"

namespace faultline::svm {

// One line a counter: enumerator, name. The three sizes of a per-size counter follow each other: 4K, 64K, 2M.
#define FL_GT_STATS_PER_SIZE(X, id, suffix) \
    X(kSvm4K##id, "svm_4K_" suffix) X(kSvm64K##id, "svm_64K_" suffix) X(kSvm2M##id, "svm_2M_" suffix)
#define FL_GT_STATS(X)                                                    \
    X(kChainPagefaultCount, "chain_pagefault_count")                      \
    X(kChainIrqPagefaultCount, "chain_irq_pagefault_count")               \
    X(kChainDrainIrqPagefaultCount, "chain_drain_irq_pagefault_count")    \
    X(kChainMismatchPagefaultCount, "chain_mismatch_pagefault_count")     \
    X(kParallelPagefaultCount, "parallel_pagefault_count")                \
    X(kLastPagefaultCount, "last_pagefault_count")                        \
    X(kSvmPagefaultCount, "svm_pagefault_count")                          \
    X(kTlbInvalCount, "tlb_inval_count")                                  \
    X(kSvmTlbInvalCount, "svm_tlb_inval_count")                           \
    X(kSvmTlbInvalUs, "svm_tlb_inval_us")                                 \
    X(kVmaPagefaultCount, "vma_pagefault_count")                          \
    X(kVmaPagefaultKb, "vma_pagefault_kb")                                \
    X(kPagefaultUs, "pagefault_us")                                       \
    FL_GT_STATS_PER_SIZE(X, PagefaultCount, "pagefault_count")            \
    FL_GT_STATS_PER_SIZE(X, ValidPagefaultCount, "valid_pagefault_count") \
    FL_GT_STATS_PER_SIZE(X, PagefaultUs, "pagefault_us")                  \
    FL_GT_STATS_PER_SIZE(X, MigrateCount, "migrate_count")                \
    FL_GT_STATS_PER_SIZE(X, MigrateUs, "migrate_us")                      \
    X(kSvmDeviceCopyUs, "svm_device_copy_us")                             \
    FL_GT_STATS_PER_SIZE(X, DeviceCopyUs, "device_copy_us")               \
    X(kSvmCpuCopyUs, "svm_cpu_copy_us")                                   \
    FL_GT_STATS_PER_SIZE(X, CpuCopyUs, "cpu_copy_us")                     \
    X(kSvmDeviceCopyKb, "svm_device_copy_kb")                             \
    X(kSvmCpuCopyKb, "svm_cpu_copy_kb")                                   \
    FL_GT_STATS_PER_SIZE(X, GetPagesUs, "get_pages_us")                   \
    FL_GT_STATS_PER_SIZE(X, BindUs, "bind_us")                            \
    X(kReferenceQueueWaitUs, "reference_queue_wait_us")

enum class GtStat : unsigned {
#define FL_X(id, name) id,
    FL_GT_STATS(FL_X)
#undef FL_X
        kCount
};

inline constexpr std::size_t kGtStatCount = static_cast<std::size_t>(GtStat::kCount);

/// The counter's debugfs name.
std::string_view gt_stat_name(GtStat id);

/// The per-size counter of a range of `size` bytes: `first4k` for 4K, the next for 64K, the one after for 2M.
constexpr GtStat gt_stat_of_size(GtStat first4k, std::uint64_t size) {
    const unsigned step = size >= kSize2M ? 2 : size >= kSize64K ? 1 : 0;
    return static_cast<GtStat>(static_cast<unsigned>(first4k) + step);
}

class GtStats {
public:
    /// xe_gt_stats_incr().
    void incr(GtStat id, std::uint64_t n = 1) { at(id).fetch_add(n, std::memory_order_relaxed); }
    /// For the `_us` counters.
    void add_time(GtStat id, Nanoseconds t) { incr(id, static_cast<std::uint64_t>(t.count())); }

    /// Adds the other's counts, which may grow meanwhile.
    void add(const GtStats& other);
    /// As debugfs prints it: counts, KiB, or whole microseconds.
    std::uint64_t get(GtStat id) const;
    /// debugfs `stats`: one "name: value" per line, in order.
    std::string print() const;
    /// xe_gt_stats_clear(): zeroes all.
    void clear();

private:
    std::atomic<std::uint64_t>& at(GtStat id) { return values_[static_cast<std::size_t>(id)]; }
    std::array<std::atomic<std::uint64_t>, kGtStatCount> values_{};
};

}  // namespace faultline::svm
