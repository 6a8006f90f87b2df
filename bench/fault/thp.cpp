// Question: what do transparent huge pages change about the first touch by the GPU?
//
// fault/thp/<huge|small>/<untouched|cpu_touched>
//
// Constant: 64 MiB in one mapping; one work-group of one work-item touches the first word of each 2 MiB, one after
// another, so that each access is a fault served alone. huge: MADV_HUGEPAGE before anything is touched; small:
// MADV_NOHUGEPAGE. Cold: each iteration maps fresh memory, which no GPU has seen, and unmaps it afterwards.
// Cannot tell: whether the kernel had huge pages to give (AnonHugePages in smaps would); nor what khugepaged does
// later.
#include <fmt/format.h>

#include "bench/fault/families.h"
#include "bench/fault/fault_benchmark.h"

namespace faultline::bench {
namespace {

constexpr Bytes kBufferSize{64u << 20};
constexpr Bytes kStride{2u << 20};

FaultPlan plan(device::HugePages pages, device::Touch touch) {
    FaultPlan plan;
    plan.name = fmt::format("fault/thp/{}/{}", to_string(pages), to_string(touch));
    plan.access = Access::kRead;
    plan.make_cold = [=](device::Session&) { return device::ColdBuffer::create(kBufferSize, touch, pages); };
    plan.sweeps = {{.offset = 0,
                    .pitch = kStride.count,
                    .accesses = static_cast<std::uint32_t>(kBufferSize / kStride),
                    .groups = 1}};
    plan.memory = fmt::format("thp={}", to_string(pages));
    return plan;
}

}  // namespace

void register_thp(const device::Registration& registration) {
    for (const device::HugePages pages : {device::HugePages::kHuge, device::HugePages::kSmall}) {
        for (const device::Touch touch : {device::Touch::kUntouched, device::Touch::kCpuTouched})
            register_fault_benchmark(registration, plan(pages, touch));
    }
}

}  // namespace faultline::bench
