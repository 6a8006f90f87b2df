// migration/preferred_location/size:<2M|16M>/readers:<0|1>
//
// Constant: one mapping of that size, small pages, which the CPU has written and the GPU has brought to its memory. The
// host then asks eight times, in turn, for system memory and for the device (zeCommandListAppendMemAdvise), while one
// work-group (readers:1) reads every page over and over, or none does. After each call for system memory the CPU
// touches each range; after each call of either kind the GPU does, the readers or a kernel of its own, and the pages
// must be where they were asked to be, which is asserted. Cold: each iteration maps fresh memory.
// Latency: of each call until its completion, by the host's clock. bytes_per_second: what moved, both ways, as the GT
// counters have it, over the time of calls and touches. Data: what the readers and touches saw, then every page by the
// CPU. Cannot tell: when a driver migrates of its own accord. Advice need not move anything by itself: what is on the
// device may stay there until the CPU touches it, and what is in system memory until the GPU faults on it.
#include <fmt/format.h>

#include <optional>

#include "bench/harness/advisor.h"
#include "bench/harness/busy.h"
#include "bench/harness/pieces.h"
#include "bench/harness/toucher.h"

namespace faultline::bench {
namespace {

constexpr unsigned kChanges = 8;

class PreferredLocation final : public Scenario {
public:
    PreferredLocation(device::Session& session, Bytes size, Toucher toucher, Advisor advisor,
                      std::optional<BusyReaders> readers)
        : session_(session),
          pieces_{1, size},
          toucher_(std::move(toucher)),
          advisor_(std::move(advisor)),
          readers_(std::move(readers)) {}

    Expected<Sample> iterate() override {
        FL_ASSIGN_OR_RETURN(const auto buffer, pieces_.make(device::Touch::kCpuTouched));
        FL_RETURN_IF_ERROR(toucher_.run(buffer, pieces_.sweep()));
        FL_RETURN_IF_ERROR(require_placement(session_.device(), buffer, Where::kHere));
        FL_ASSIGN_OR_RETURN(const auto advice, advisor_.prefer(buffer, &session_.device()));
        if (readers_) {
            FL_RETURN_IF_ERROR(readers_->start(buffer));
        }
        FL_ASSIGN_OR_RETURN(const auto watch, CounterWatch::start(session_));
        Sample sample;
        for (unsigned change = 0; change < kChanges; ++change) {
            FL_RETURN_IF_ERROR(move_to(buffer, change % 2 == 0 ? Where::kSystem : Where::kHere, sample));
        }
        FL_ASSIGN_OR_RETURN(auto moved, watch.moved());
        if (readers_) {
            FL_RETURN_IF_ERROR(readers_->stop());
        }
        FL_ASSIGN_OR_RETURN(sample.bytes, copied_both_ways(moved));
        sample.moved = std::move(moved);
        FL_RETURN_IF_ERROR(verify_by_cpu(buffer));
        return sample;
    }

private:
    Status move_to(const device::ColdBuffer& buffer, Where where, Sample& sample) {
        const Stopwatch call;
        const device::Device* const device = where == Where::kHere ? &session_.device() : nullptr;
        FL_RETURN_IF_ERROR(advisor_.change(buffer, device));
        sample.latencies_ns.push_back(call.ns());
        if (where == Where::kSystem) {
            for (std::uint32_t i = 0; i < pieces_.ranges(); ++i) {
                const std::size_t offset = pieces_.offset(i);
                if (buffer.word(offset) != buffer.expected(offset))
                    return Error{ErrorKind::kDevice, fmt::format("wrong data: the CPU reads it at {:#x}", offset)};
            }
        }
        sample.seconds += call.seconds();
        FL_RETURN_IF_ERROR(gpu_touch(buffer, sample));
        return require_placement(session_.device(), buffer, where);
    }

    /// By the readers where there are any: a device may run one kernel after another.
    Status gpu_touch(const device::ColdBuffer& buffer, Sample& sample) {
        if (readers_) {
            const Stopwatch passes;
            FL_RETURN_IF_ERROR(readers_->wait_for_pass());
            sample.seconds += passes.seconds();
            return {};
        }
        FL_ASSIGN_OR_RETURN(const auto touched, toucher_.run(buffer, pieces_.sweep()));
        sample.seconds += touched;
        FL_RETURN_IF_ERROR(toucher_.check(buffer, pieces_.sweep()));
        return {};
    }

    device::Session& session_;
    const Pieces pieces_;
    Toucher toucher_;
    Advisor advisor_;
    std::optional<BusyReaders> readers_;
};

Status add(device::Registration& registration) {
    for (const Bytes size : {Bytes{2u << 20}, Bytes{16u << 20}}) {
        for (const std::uint32_t readers : {0u, 1u}) {
            ScenarioPlan plan{.name =
                                  registration.name().parameter("size", size_name(size)).parameter("readers", readers)};
            plan.note = "thp=small";
            plan.iterations = 8;
            plan.open = [=](device::Session& session) -> Expected<std::unique_ptr<Scenario>> {
                FL_ASSIGN_OR_RETURN(auto toucher, Toucher::create(session, Access::kRead, Pieces{1, size}.ranges()));
                FL_ASSIGN_OR_RETURN(auto advisor, Advisor::create(session));
                std::optional<BusyReaders> busy;
                if (readers > 0) {
                    FL_ASSIGN_OR_RETURN(auto made, BusyReaders::create(session, readers));
                    busy.emplace(std::move(made));
                }
                return std::unique_ptr<Scenario>(
                    new PreferredLocation(session, size, std::move(toucher), std::move(advisor), std::move(busy)));
            };
            register_scenario(registration, std::move(plan));
        }
    }
    return {};
}

const device::Family kFamily("migration/preferred_location",
                             "What does it cost to change where memory is to be while the GPU uses it?", add);

}  // namespace
}  // namespace faultline::bench
