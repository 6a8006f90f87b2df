#include "bench/harness/stages.h"

#include <optional>
#include <string_view>

#include "vocabulary/fault_stages.h"

namespace faultline::bench {
namespace {

StageTimes stages_per(std::uint64_t units, const device::GtCounters& moved) {
    StageTimes found;
    if (units == 0) return found;
    for (const FaultStage& stage : kFaultStages) {
        std::optional<std::uint64_t> us;
        for (const std::string_view counter : stage.counters()) {
            if (const auto value = moved.value(counter)) us = us.value_or(0) + *value;
        }
        if (us) {
            found.emplace_back(std::string("stage.").append(stage.name).append("_us"),
                               static_cast<double>(*us) / static_cast<double>(units));
        }
    }
    return found;
}

}  // namespace

StageTimes stages_per_fault(const device::GtCounters& moved) {
    return stages_per(moved.value("svm_pagefault_count").value_or(0), moved);
}

StageTimes stages_per_range(const device::GtCounters& moved, std::uint64_t ranges) {
    StageTimes found = stages_per(ranges, moved);
    std::erase_if(found, [](const auto& stage) { return stage.second == 0; });
    return found;
}

}  // namespace faultline::bench
