// Question: what does it cost to change where memory is to be while the GPU uses it?
//
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
#include "bench/migration/families.h"

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
        const auto buffer = pieces_.make(device::Touch::kCpuTouched);
        if (!buffer) return buffer.error();
        if (const auto there = toucher_.run(*buffer, pieces_.sweep()); !there) return there.error();
        if (Status s = require_placement(session_.device(), *buffer, Where::kHere); !s) return s.error();
        const auto advice = advisor_.prefer(*buffer, &session_.device());
        if (!advice) return advice.error();
        if (readers_) {
            if (Status s = readers_->start(*buffer); !s) return s.error();
        }
        const auto watch = CounterWatch::start(session_);
        if (!watch) return watch.error();
        Sample sample;
        for (unsigned change = 0; change < kChanges; ++change) {
            if (Status s = move_to(*buffer, change % 2 == 0 ? Where::kSystem : Where::kHere, sample); !s)
                return s.error();
        }
        auto moved = watch->moved();
        if (!moved) return moved.error();
        if (readers_) {
            if (Status s = readers_->stop(); !s) return s.error();
        }
        for (const char* counter : {"svm_device_copy_kb", "svm_cpu_copy_kb"}) {
            const auto copied = required(*moved, counter);
            if (!copied) return copied.error();
            sample.bytes = sample.bytes + Bytes{*copied << 10};
        }
        sample.moved = *std::move(moved);
        if (Status s = verify_by_cpu(*buffer); !s) return s.error();
        return sample;
    }

private:
    Status move_to(const device::ColdBuffer& buffer, Where where, Sample& sample) {
        const Stopwatch call;
        const device::Device* const device = where == Where::kHere ? &session_.device() : nullptr;
        if (Status s = advisor_.change(buffer, device); !s) return s;
        sample.latencies_ns.push_back(call.ns());
        if (where == Where::kSystem) {
            for (std::uint32_t i = 0; i < pieces_.ranges(); ++i) {
                const std::size_t offset = pieces_.offset(i);
                if (buffer.word(offset) != buffer.expected(offset))
                    return Error{ErrorKind::kDevice, fmt::format("wrong data: the CPU reads it at {:#x}", offset)};
            }
        }
        sample.seconds += call.seconds();
        if (Status s = gpu_touch(buffer, sample); !s) return s;
        return require_placement(session_.device(), buffer, where);
    }

    /// By the readers where there are any: a device may run one kernel after another.
    Status gpu_touch(const device::ColdBuffer& buffer, Sample& sample) {
        if (readers_) {
            const Stopwatch passes;
            if (Status s = readers_->wait_for_pass(); !s) return s;
            sample.seconds += passes.seconds();
            return {};
        }
        const auto touched = toucher_.run(buffer, pieces_.sweep());
        if (!touched) return touched.error();
        sample.seconds += *touched;
        const auto saw = toucher_.check(buffer, pieces_.sweep());
        return saw ? Status() : saw.error();
    }

    device::Session& session_;
    const Pieces pieces_;
    Toucher toucher_;
    Advisor advisor_;
    std::optional<BusyReaders> readers_;
};

}  // namespace

void register_preferred_location(const device::Registration& registration) {
    for (const Bytes size : {Bytes{2u << 20}, Bytes{16u << 20}}) {
        for (const std::uint32_t readers : {0u, 1u}) {
            ScenarioPlan plan;
            plan.name = fmt::format("migration/preferred_location/size:{}/readers:{}", size_name(size), readers);
            plan.note = "thp=small";
            plan.iterations = 8;
            plan.open = [=](device::Session& session) -> Expected<std::unique_ptr<Scenario>> {
                auto toucher = Toucher::create(session, Access::kRead, Pieces{1, size}.ranges());
                if (!toucher) return toucher.error();
                auto advisor = Advisor::create(session);
                if (!advisor) return advisor.error();
                std::optional<BusyReaders> busy;
                if (readers > 0) {
                    auto made = BusyReaders::create(session, readers);
                    if (!made) return made.error();
                    busy.emplace(*std::move(made));
                }
                return std::unique_ptr<Scenario>(
                    new PreferredLocation(session, size, *std::move(toucher), *std::move(advisor), std::move(busy)));
            };
            register_scenario(registration, std::move(plan));
        }
    }
}

}  // namespace faultline::bench
