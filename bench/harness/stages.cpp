#include "bench/harness/stages.h"

#include <optional>

namespace faultline::bench {
namespace {

struct Stage {
    const char* name;
    std::vector<const char*> counters;  ///< their sum; of those that a kernel has
};

const std::vector<Stage>& stages() {
    static const std::vector<Stage> kStages = {
        {"queue_wait", {"reference_queue_wait_us"}},
        {"get_pages", {"svm_4K_get_pages_us", "svm_64K_get_pages_us", "svm_2M_get_pages_us"}},
        {"migrate", {"svm_4K_migrate_us", "svm_64K_migrate_us", "svm_2M_migrate_us"}},
        {"copy", {"svm_device_copy_us", "svm_cpu_copy_us"}},
        {"bind", {"svm_4K_bind_us", "svm_64K_bind_us", "svm_2M_bind_us"}},
        {"tlb_inval", {"svm_tlb_inval_us"}}};
    return kStages;
}

}  // namespace

std::vector<std::pair<std::string, double>> stages_per_fault(const device::GtCounters& moved) {
    std::vector<std::pair<std::string, double>> found;
    const auto faults = static_cast<double>(moved.value("svm_pagefault_count").value_or(0));
    if (faults == 0) return found;
    for (const Stage& stage : stages()) {
        std::optional<double> us;
        for (const char* counter : stage.counters) {
            if (const auto value = moved.value(counter)) us = us.value_or(0) + static_cast<double>(*value);
        }
        if (us) found.emplace_back("stage." + std::string(stage.name) + "_us", *us / faults);
    }
    return found;
}

}  // namespace faultline::bench
