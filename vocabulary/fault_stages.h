// Which GT counters make up each stage of the driver's handling of a fault: for who reports, compares and draws them.
//
// All are microseconds. `queue_wait` is before a worker takes the fault, and the reference's alone: no kernel counts
// it. `pagefault` is the whole of the service; as in xe_svm.c it holds `get_pages`, `migrate` and `bind`, and `migrate`
// the copy to the device. `copy` is of both directions, `tlb_inval` of all invalidations, within the service or not:
// those that the CPU's own accesses cause meanwhile are in them too. A kernel need not have every counter. Thread
// safety: constants.
#pragma once

#include <algorithm>
#include <array>
#include <span>
#include <string_view>

namespace faultline {

struct FaultStage {
    std::string_view name;
    std::array<std::string_view, 3> sum_of;  ///< names as in debugfs; what is not used is empty
    std::string_view within;                 ///< the stage that holds it; empty: none does, or not always
    std::string_view own;                    ///< what of it no other stage holds, for people

    constexpr std::span<const std::string_view> counters() const {
        return {sum_of.begin(), std::find(sum_of.begin(), sum_of.end(), std::string_view())};
    }
};

inline constexpr std::array<FaultStage, 7> kFaultStages = {{
    {"queue_wait", {"reference_queue_wait_us"}, "", "wait in the queue"},
    {"pagefault",
     {"svm_4K_pagefault_us", "svm_64K_pagefault_us", "svm_2M_pagefault_us"},
     "",
     "rest: locks, lookup, waiting"},
    {"get_pages", {"svm_4K_get_pages_us", "svm_64K_get_pages_us", "svm_2M_get_pages_us"}, "pagefault", "get pages"},
    {"migrate",
     {"svm_4K_migrate_us", "svm_64K_migrate_us", "svm_2M_migrate_us"},
     "pagefault",
     "migrate, without the copy"},
    {"copy", {"svm_device_copy_us", "svm_cpu_copy_us"}, "migrate", "copy"},
    {"bind", {"svm_4K_bind_us", "svm_64K_bind_us", "svm_2M_bind_us"}, "pagefault", "bind"},
    {"tlb_inval", {"svm_tlb_inval_us"}, "", "TLB invalidation, in the above or not"},
}};

}  // namespace faultline
