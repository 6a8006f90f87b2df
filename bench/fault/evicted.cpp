// fault/evicted/<never|once>
//
// Constant: 64 MiB in one mapping that the CPU has written, small pages; one work-group of one work-item touches the
// first word of each 2 MiB, one after another. once: the same has been done before, and then device memory was
// allocated until VRAM held none of it any more, which is asserted, and freed. Cold: each iteration maps fresh memory.
// Cannot tell: evicted from memory that the driver took back for another reason. Fixed iterations: making memory
// evicted takes longer than faulting on it.
#include <fmt/format.h>

#include "bench/fault/fault_benchmark.h"
#include "bench/harness/pieces.h"
#include "bench/harness/toucher.h"
#include "bench/harness/vram_filler.h"

namespace faultline::bench {
namespace {

constexpr Pieces kPieces{1, Bytes{64u << 20}};

Expected<device::ColdBuffer> make_evicted(device::Session& session) {
    FL_ASSIGN_OR_RETURN(auto buffer, kPieces.make(device::Touch::kCpuTouched));
    FL_ASSIGN_OR_RETURN(auto toucher, Toucher::create(session, Access::kRead, kPieces.ranges()));
    FL_RETURN_IF_ERROR(toucher.run(buffer, kPieces.sweep()));
    FL_RETURN_IF_ERROR(require_placement(session.device(), buffer, Where::kHere));
    FL_RETURN_IF_ERROR(VramFiller::all(session.context()));
    FL_RETURN_IF_ERROR(require_placement(session.device(), buffer, Where::kSystem));
    return buffer;
}

Status add(device::Registration& registration) {
    for (const bool evicted : {false, true}) {
        FaultPlan plan{.name = registration.name().word(evicted ? "once" : "never")};
        plan.access = Access::kRead;
        plan.make_cold = [=](device::Session& session) {
            return evicted ? make_evicted(session) : kPieces.make(device::Touch::kCpuTouched);
        };
        plan.sweeps = {kPieces.sweep()};
        plan.memory = fmt::format("thp={}", to_string(device::HugePages::kSmall));
        plan.iterations = 8;
        register_fault_benchmark(registration, std::move(plan));
    }
    return {};
}

const device::Family kFamily("fault/evicted",
                             "What does a fault cost on memory that was on the device and has been evicted?", add);

}  // namespace
}  // namespace faultline::bench
