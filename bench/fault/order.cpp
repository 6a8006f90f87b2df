// fault/order/<sequential|random>/threads:<1|all hardware threads>
//
// Constant: 64 MiB that the CPU has written, as 1024 mappings of 64 KiB with as much of nothing after each, so that
// each access is one fault of its own in either order. Work-groups of one work-item take the accesses in turn; in the
// random order, which is the same in each iteration, neighbours in time are no neighbours in memory. Cold: each
// iteration maps fresh memory, which no GPU has seen, and unmaps it afterwards. Cannot tell: what order does within a
// range of the driver, where only the first access faults.
#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "bench/fault/fault_benchmark.h"

namespace faultline::bench {
namespace {

constexpr Bytes kPiece{64u << 10};
constexpr std::uint32_t kPiecesBits = 10;
constexpr std::uint32_t kPieces = 1u << kPiecesBits;

FaultPlan plan(BenchmarkName name, bool random, std::uint32_t threads) {
    FaultPlan plan{.name = name.word(random ? "random" : "sequential").parameter("threads", threads)};
    plan.access = Access::kRead;
    plan.make_cold = [](device::Session&) {
        return device::ColdBuffer::create_pieces(kPieces, kPiece, device::Touch::kCpuTouched);
    };
    plan.sweeps = {{.offset = 0,
                    .pitch = 2 * kPiece.count,
                    .accesses = kPieces,
                    .groups = std::min(threads, kPieces),
                    .shuffle_bits = random ? kPiecesBits : 0}};
    plan.memory = fmt::format("thp={} mappings=64K", to_string(device::HugePages::kSmall));
    return plan;
}

Status add(device::Registration& registration) {
    for (const bool random : {false, true}) {
        for (const std::uint32_t threads : std::set<std::uint32_t>{1u, registration.hardware_threads()})
            register_fault_benchmark(registration, plan(registration.name(), random, threads));
    }
    return {};
}

const device::Family kFamily("fault/order",
                             "Does the order in which addresses are touched matter to the cost of faults?", add);

}  // namespace
}  // namespace faultline::bench
