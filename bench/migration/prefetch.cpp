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

namespace faultline::bench {
namespace {

constexpr Bytes kSize{64u << 20};
constexpr Bytes kCall{2u << 20};

struct HostThread {
    device::CommandList queue;
    device::Event event;
    std::vector<std::uint64_t> latencies_ns{};

    Status prefetch(std::byte* start, Bytes size) {
        for (Bytes done; done < size; done = done + kCall) {
            const Stopwatch watch;
            FL_RETURN_IF_ERROR(queue.prefetch(start + done.count, kCall));
            FL_RETURN_IF_ERROR(queue.barrier(&event));
            FL_RETURN_IF_ERROR(event.wait());
            latencies_ns.push_back(watch.ns());
            FL_RETURN_IF_ERROR(event.reset());
        }
        return {};
    }
};

class Prefetch final : public Scenario {
public:
    Prefetch(device::Session& session, std::vector<HostThread> threads)
        : session_(session), threads_(std::move(threads)), crew_(threads_.size()) {}

    Expected<Sample> iterate() override {
        const Pieces pieces{1, kSize};
        FL_ASSIGN_OR_RETURN(const auto buffer, pieces.make(device::Touch::kCpuTouched));
        FL_ASSIGN_OR_RETURN(const auto watch, CounterWatch::start(session_));
        Sample sample;
        const Bytes share{kSize.count / threads_.size()};
        FL_ASSIGN_OR_RETURN(sample.seconds, crew_.run([&](std::size_t i) {
            return threads_[i].prefetch(buffer.data() + i * share.count, share);
        }));
        for (HostThread& thread : threads_) {
            sample.latencies_ns.insert(sample.latencies_ns.end(), thread.latencies_ns.begin(),
                                       thread.latencies_ns.end());
            thread.latencies_ns.clear();
        }
        FL_ASSIGN_OR_RETURN(auto moved, watch.moved());
        FL_ASSIGN_OR_RETURN(const auto copied, required(moved, "svm_device_copy_kb"));
        if (Bytes{copied << 10} != kSize)
            return Error{ErrorKind::kDevice, fmt::format("{} KiB were copied, not {}", copied, kSize.count >> 10)};
        FL_RETURN_IF_ERROR(require_placement(session_.device(), buffer, Where::kHere));
        FL_RETURN_IF_ERROR(verify_by_cpu(buffer));
        sample.bytes = kSize;
        sample.ranges = kSize / kCall;
        sample.moved = std::move(moved);
        return sample;
    }

private:
    device::Session& session_;
    std::vector<HostThread> threads_;
    Crew crew_;
};

Status add(device::Registration& registration) {
    for (const unsigned threads : {1u, 2u, 4u}) {
        ScenarioPlan plan{.name = registration.name().parameter("threads", threads)};
        plan.note = "thp=small";
        plan.iterations = 8;
        plan.open = [=](device::Session& session) -> Expected<std::unique_ptr<Scenario>> {
            std::vector<HostThread> members;
            for (unsigned i = 0; i < threads; ++i) {
                FL_ASSIGN_OR_RETURN(auto queue, device::CommandList::create(session.context()));
                FL_ASSIGN_OR_RETURN(auto event, device::Event::create(session.context()));
                members.push_back({std::move(queue), std::move(event)});
            }
            return std::unique_ptr<Scenario>(new Prefetch(session, std::move(members)));
        };
        register_scenario(registration, std::move(plan));
    }
    return {};
}

const device::Family kFamily("migration/prefetch", "How fast is prefetch when several host threads ask for it at once?",
                             add);

}  // namespace
}  // namespace faultline::bench
