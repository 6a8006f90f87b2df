// migration/ping_pong/<write|atomic>/size:<64K|2M>
//
// Constant: one mapping of that size, small pages, which the CPU has written. In each of 16 rounds the GPU writes its
// first word, or adds one to it with an atomic, which brings the memory to the device, and then the CPU adds one, which
// brings it back; where it is, is asserted after each. A driver may keep memory on the device for a time slice after an
// atomic: the CPU's part of the round then waits for its end. Cold: each iteration maps fresh memory; the first round
// differs from the others in that the driver has no range yet. Latency: of each round trip by the host's clock: a
// launch, the GPU's fault, and the CPU's. bytes_per_second counts both directions as the GT counters do. Data: what the
// CPU finds after each. Cannot tell: which part is the launch (baseline/launch does).
#include <fmt/format.h>

#include <atomic>

#include "bench/harness/pieces.h"
#include "bench/harness/toucher.h"
#include "device/kernels/pattern.h"

namespace faultline::bench {
namespace {

constexpr std::uint32_t kRounds = 16;
constexpr Sweep kOneWord{.offset = 0, .pitch = 0, .accesses = 1, .groups = 1};

class PingPong final : public Scenario {
public:
    PingPong(device::Session& session, Access access, Bytes size, Toucher toucher)
        : session_(session), access_(access), size_(size), toucher_(std::move(toucher)) {}

    Expected<Sample> iterate() override {
        FL_ASSIGN_OR_RETURN(const auto buffer, Pieces{1, size_}.make(device::Touch::kCpuTouched));
        std::atomic_ref word(*reinterpret_cast<std::uint32_t*>(buffer.data()));
        FL_ASSIGN_OR_RETURN(const auto watch, CounterWatch::start(session_));
        Sample sample;
        for (std::uint32_t round = 0; round < kRounds; ++round) {
            const Stopwatch gpu;
            FL_RETURN_IF_ERROR(toucher_.run(buffer, kOneWord));
            const std::uint64_t there_ns = gpu.ns();
            FL_RETURN_IF_ERROR(require_placement(session_.device(), buffer, Where::kHere));
            const Stopwatch cpu;
            const std::uint32_t found = word.fetch_add(1);
            sample.latencies_ns.push_back(there_ns + cpu.ns());
            sample.seconds += static_cast<double>(sample.latencies_ns.back()) * 1e-9;
            FL_RETURN_IF_ERROR(require_placement(session_.device(), buffer, Where::kSystem));
            const std::uint32_t must_find =
                access_ == Access::kAtomic ? buffer.expected(0) + 2 * round + 1 : faultline_pattern(0, ~buffer.salt());
            if (found != must_find) {
                return Error{ErrorKind::kDevice, fmt::format("wrong data: the CPU finds {:#x} in round {}, not {:#x}",
                                                             found, round, must_find)};
            }
        }
        FL_ASSIGN_OR_RETURN(auto moved, watch.moved());
        FL_ASSIGN_OR_RETURN(sample.bytes, copied_both_ways(moved));
        sample.moved = std::move(moved);
        return sample;
    }

private:
    device::Session& session_;
    const Access access_;
    const Bytes size_;
    Toucher toucher_;
};

Status add(device::Registration& registration) {
    for (const Access access : {Access::kWrite, Access::kAtomic}) {
        for (const Bytes size : {Bytes{64u << 10}, Bytes{2u << 20}}) {
            ScenarioPlan plan{.name = registration.name().word(to_string(access)).parameter("size", size_name(size))};
            plan.note = "thp=small";
            plan.iterations = 8;
            plan.open = [=](device::Session& session) -> Expected<std::unique_ptr<Scenario>> {
                FL_ASSIGN_OR_RETURN(auto toucher, Toucher::create(session, access, 1));
                return std::unique_ptr<Scenario>(new PingPong(session, access, size, std::move(toucher)));
            };
            register_scenario(registration, std::move(plan));
        }
    }
    return {};
}

const device::Family kFamily("migration/ping_pong", "What does a page cost that GPU and CPU change in turn?", add);

}  // namespace
}  // namespace faultline::bench
