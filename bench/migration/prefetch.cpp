// Question: how fast does prefetch bring memory to the device when several host threads ask for it at once?
//
// migration/prefetch/threads:<1|2|4>
//
// Constant: one mapping of 64 MiB that the CPU has written, small pages. Each thread has a command list of its own and
// prefetches an equal share, 2 MiB a call, waiting for each. Cold: each iteration maps fresh memory. Latency: of each
// call until its completion, by the host's clock. bytes_per_second: all of it over the time from the first call to the
// end of the last. That all of it is on the device is asserted by residency, or else by svm_device_copy_kb. Data: every
// page by the CPU. Cannot tell: what a driver does with one call for more than a range; migration/to_device does. One
// call a driver may also spread over threads of its own: a policy of the reference (prefetch=threaded).
#include <fmt/format.h>

#include "bench/harness/crew.h"
#include "bench/harness/pieces.h"
#include "bench/harness/toucher.h"
#include "bench/migration/families.h"

namespace faultline::bench {
namespace {

constexpr Bytes kSize{64u << 20};
constexpr Bytes kCall{2u << 20};

/// One host thread's part.
struct Lane {
    device::CommandList queue;
    device::Event event;
    std::vector<std::uint64_t> latencies_ns{};

    Status prefetch(std::byte* start, Bytes size) {
        for (Bytes done; done < size; done = done + kCall) {
            const Stopwatch watch;
            if (Status s = queue.prefetch(start + done.count, kCall); !s) return s;
            if (Status s = queue.barrier(&event); !s) return s;
            if (Status s = event.wait(); !s) return s;
            latencies_ns.push_back(watch.ns());
            if (Status s = event.reset(); !s) return s;
        }
        return {};
    }
};

class Prefetch final : public Scenario {
public:
    Prefetch(device::Session& session, std::vector<Lane> lanes)
        : session_(session), lanes_(std::move(lanes)), crew_(lanes_.size()) {}

    Expected<Sample> iterate() override {
        const Pieces pieces{1, kSize};
        const auto buffer = pieces.make(device::Touch::kCpuTouched);
        if (!buffer) return buffer.error();
        const auto watch = CounterWatch::start(session_);
        if (!watch) return watch.error();
        Sample sample;
        const Bytes share{kSize.count / lanes_.size()};
        const auto seconds =
            crew_.run([&](std::size_t i) { return lanes_[i].prefetch(buffer->data() + i * share.count, share); });
        if (!seconds) return seconds.error();
        sample.seconds = *seconds;
        for (Lane& lane : lanes_) {
            sample.latencies_ns.insert(sample.latencies_ns.end(), lane.latencies_ns.begin(), lane.latencies_ns.end());
            lane.latencies_ns.clear();
        }
        auto moved = watch->moved();
        if (!moved) return moved.error();
        const auto copied = required(*moved, "svm_device_copy_kb");
        if (!copied) return copied.error();
        if (Bytes{*copied << 10} != kSize)
            return Error{ErrorKind::kDevice, fmt::format("{} KiB were copied, not {}", *copied, kSize.count >> 10)};
        if (Status s = require_placement(session_.device(), *buffer, Where::kHere); !s) return s.error();
        if (Status s = verify_by_cpu(*buffer); !s) return s.error();
        sample.bytes = kSize;
        sample.ranges = kSize / kCall;
        sample.moved = *std::move(moved);
        return sample;
    }

private:
    device::Session& session_;
    std::vector<Lane> lanes_;
    Crew crew_;
};

}  // namespace

void register_prefetch(const device::Registration& registration) {
    for (const unsigned threads : {1u, 2u, 4u}) {
        ScenarioPlan plan;
        plan.name = fmt::format("migration/prefetch/threads:{}", threads);
        plan.note = "thp=small";
        plan.iterations = 8;
        plan.open = [=](device::Session& session) -> Expected<std::unique_ptr<Scenario>> {
            std::vector<Lane> lanes;
            for (unsigned i = 0; i < threads; ++i) {
                auto queue = device::CommandList::create(session.context());
                if (!queue) return queue.error();
                auto event = device::Event::create(session.context());
                if (!event) return event.error();
                lanes.push_back({*std::move(queue), *std::move(event)});
            }
            return std::unique_ptr<Scenario>(new Prefetch(session, std::move(lanes)));
        };
        register_scenario(registration, std::move(plan));
    }
}

}  // namespace faultline::bench
