// fault/parallelism/<read|write>/threads:<n>, n from 1 to all hardware threads of the device, doubling
//
// Constant: 64 MiB that the CPU has written, as 1024 mappings of 64 KiB with as much of nothing after each, so that no
// range of the driver can be greater than 64 KiB: each access is one fault of its own, whatever the device and its
// policy, and the work of a fault does not depend on n. n work-groups of one work-item take the addresses in turn.
// Cold: each iteration maps fresh memory, which no GPU has seen, and unmaps it afterwards.
// Cannot tell: what faults of 2 MiB cost (fault/first_touch does), or how threads share one range
// (fault/same_page_storm). Work-groups become threads as the device schedules them; n of them resident at once is what
// a device of at least n hardware threads can do, not something the host can see.
#include <fmt/format.h>

#include "bench/fault/fault_benchmark.h"

namespace faultline::bench {
namespace {

constexpr Bytes kPiece{64u << 10};
constexpr std::uint32_t kPieces = 1024;

FaultPlan plan(BenchmarkName name, Access access, std::uint32_t threads) {
    FaultPlan plan{.name = name.word(to_string(access)).parameter("threads", threads)};
    plan.access = access;
    plan.make_cold = [](device::Session&) {
        return device::ColdBuffer::create_pieces(kPieces, kPiece, device::Touch::kCpuTouched);
    };
    plan.sweeps = {{.offset = 0, .pitch = 2 * kPiece.count, .accesses = kPieces, .groups = threads, .first_result = 0}};
    plan.memory = fmt::format("thp={} mappings=64K", to_string(device::HugePages::kSmall));
    return plan;
}

Status add(device::Registration& registration) {
    for (const Access access : {Access::kRead, Access::kWrite}) {
        for (const std::uint32_t threads : thread_counts(registration.hardware_threads())) {
            register_fault_benchmark(registration, plan(registration.name(), access, threads));
        }
    }
    return {};
}

const device::Family kFamily("fault/parallelism",
                             "How does the fault rate grow with the number of GPU threads that fault at once?", add);

}  // namespace
}  // namespace faultline::bench
