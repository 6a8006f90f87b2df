// fault/thp/<huge|small>/<untouched|cpu_touched>
//
// Constant: 64 MiB in one mapping; one work-group of one work-item touches the first word of each 2 MiB, one after
// another, so that each access is a fault served alone. huge: MADV_HUGEPAGE before anything is touched; small:
// MADV_NOHUGEPAGE. Cold: each iteration maps fresh memory, which no GPU has seen, and unmaps it afterwards.
// Cannot tell: whether the kernel had huge pages to give (AnonHugePages in smaps would); nor what khugepaged does
// later.
#include <fmt/format.h>

#include "bench/fault/fault_benchmark.h"

namespace faultline::bench {
namespace {

constexpr Bytes kBufferSize{64u << 20};
constexpr Bytes kStride{2u << 20};

FaultPlan plan(BenchmarkName name, device::HugePages pages, device::Touch touch) {
    FaultPlan plan{.name = name.word(to_string(pages)).word(to_string(touch))};
    plan.access = Access::kRead;
    plan.make_cold = [=](device::Session&) { return device::ColdBuffer::create(kBufferSize, touch, pages); };
    plan.sweeps = {{.offset = 0,
                    .pitch = kStride.count,
                    .accesses = static_cast<std::uint32_t>(kBufferSize / kStride),
                    .groups = 1}};
    plan.memory = fmt::format("thp={}", to_string(pages));
    return plan;
}

Status add(device::Registration& registration) {
    for (const device::HugePages pages : {device::HugePages::kHuge, device::HugePages::kSmall}) {
        for (const device::Touch touch : {device::Touch::kUntouched, device::Touch::kCpuTouched})
            register_fault_benchmark(registration, plan(registration.name(), pages, touch));
    }
    return {};
}

const device::Family kFamily("fault/thp", "What do transparent huge pages change about the first GPU access?", add);

}  // namespace
}  // namespace faultline::bench
