// fault/first_touch/<read|write|atomic>/<untouched|cpu_touched>/stride:<4K|64K|2M>
//
// Constant: a buffer of 64 MiB in one mapping, transparent huge pages asked for; each address touched once, by a
// work-group of its own with one work-item, so that each suspends alone; as many work-groups in flight as the device
// holds. Cold: each iteration maps fresh memory, which no GPU has seen, and unmaps it afterwards. Cannot tell: the cost
// of a fault alone where the stride is below the size of the driver's ranges (2 MiB, unless its policy says less). Then
// most accesses find the range mapped, or join a fault under way, and latency percentiles are those of accesses:
// compare latency_samples with faults. Nor does it tell what the order of touching matters.
#include <fmt/format.h>

#include "bench/fault/fault_benchmark.h"

namespace faultline::bench {
namespace {

constexpr Bytes kBufferSize{64u << 20};

FaultPlan plan(BenchmarkName name, Access access, device::Touch touch, Bytes stride) {
    const auto accesses = static_cast<std::uint32_t>(kBufferSize / stride);
    FaultPlan plan{.name = name.word(to_string(access)).word(to_string(touch)).parameter("stride", size_name(stride))};
    plan.access = access;
    plan.make_cold = [touch](device::Session&) {
        return device::ColdBuffer::create(kBufferSize, touch, device::HugePages::kHuge);
    };
    plan.sweeps = {{.offset = 0, .pitch = stride.count, .accesses = accesses, .groups = accesses, .first_result = 0}};
    plan.memory = fmt::format("thp={}", to_string(device::HugePages::kHuge));
    return plan;
}

Status add(device::Registration& registration) {
    for (const Access access : {Access::kRead, Access::kWrite, Access::kAtomic}) {
        for (const device::Touch touch : {device::Touch::kUntouched, device::Touch::kCpuTouched}) {
            for (const Bytes stride : {Bytes{4u << 10}, Bytes{64u << 10}, Bytes{2u << 20}}) {
                register_fault_benchmark(registration, plan(registration.name(), access, touch, stride));
            }
        }
    }
    return {};
}

const device::Family kFamily("fault/first_touch", "What does the first GPU access to a page of malloc memory cost?",
                             add);

}  // namespace
}  // namespace faultline::bench
