// migration/atomic_contention/<gpu|cpu>/groups:<1|all EUs>
//
// Constant: one mapping of 64 KiB, small pages, which the CPU has written. Work-groups of one work-item add one to its
// first word, 262144 times together, while one CPU thread adds one to the same word every microsecond, from before the
// launch until the kernel has ended. Cold: each iteration maps fresh memory. Latency: of each addition of the side that
// the name gives, by that side's clock. bytes_per_second: the page's way there and back as the GT counters have it;
// gpu_additions_per_second and cpu_additions_per_second say who got how much. Data: each GPU addition saw another
// value, and the sum. Cannot tell: what more than one CPU thread does. How long a side keeps the page is the driver's
// choice (a time slice in xe): most additions find it there, so that percentiles, not means, show the migrations.
#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <thread>

#include "bench/harness/pieces.h"
#include "bench/harness/toucher.h"

namespace faultline::bench {
namespace {

constexpr std::uint32_t kGpuAdditions = 1u << 18;
constexpr std::uint64_t kCpuPeriodNs = 1000;

class AtomicContention final : public Scenario {
public:
    AtomicContention(device::Session& session, bool cpu_side, std::uint32_t groups, TouchKernel kernel)
        : session_(session), cpu_side_(cpu_side), groups_(groups), kernel_(std::move(kernel)) {}

    Expected<Sample> iterate() override {
        FL_ASSIGN_OR_RETURN(const auto buffer, Pieces{1, Bytes{64u << 10}}.make(device::Touch::kCpuTouched));
        std::atomic_ref word(*reinterpret_cast<std::uint32_t*>(buffer.data()));
        const Sweep sweep{.offset = 0, .pitch = 0, .accesses = kGpuAdditions, .groups = groups_};

        FL_ASSIGN_OR_RETURN(const auto watch, CounterWatch::start(session_));
        std::vector<std::uint64_t> cpu_ns;
        std::atomic<bool> running{false};
        std::atomic<bool> stop{false};
        std::jthread cpu([&] {
            while (!stop.load(std::memory_order_relaxed)) {
                const Stopwatch one;
                word.fetch_add(1);
                cpu_ns.push_back(one.ns());
                running.store(true, std::memory_order_relaxed);
                while (one.ns() < kCpuPeriodNs) {
                }
            }
        });
        while (!running) std::this_thread::yield();
        const Stopwatch time;
        Status launched = kernel_.launch(session_.queue(), buffer, sweep, &session_.event());
        if (launched) launched = wait_and_reset(session_);
        const double seconds = time.seconds();
        stop = true;
        cpu.join();
        if (!launched) return launched.error();

        const std::size_t cpu_additions = cpu_ns.size();
        FL_ASSIGN_OR_RETURN(auto moved, watch.moved());
        const std::uint32_t sum = word.load() - buffer.expected(0);
        if (sum != kGpuAdditions + static_cast<std::uint32_t>(cpu_additions)) {
            return Error{ErrorKind::kDevice,
                         fmt::format("wrong data: the sum is {}, after {} additions by the GPU and {} by the CPU", sum,
                                     kGpuAdditions, cpu_additions)};
        }
        FL_ASSIGN_OR_RETURN(auto gpu_ns, gpu_latencies());
        Sample sample;
        sample.seconds = seconds;
        sample.latencies_ns = cpu_side_ ? std::move(cpu_ns) : std::move(gpu_ns);
        FL_ASSIGN_OR_RETURN(sample.bytes, copied_both_ways(moved));
        sample.moved = std::move(moved);
        sample.figures = {{"gpu_additions_per_second", kGpuAdditions / seconds},
                          {"cpu_additions_per_second", static_cast<double>(cpu_additions) / seconds}};
        return sample;
    }

private:
    /// An error when two additions saw the same value.
    Expected<std::vector<std::uint64_t>> gpu_latencies() {
        FL_RETURN_IF_ERROR(kernel_.fetch(session_.queue(), session_.event()));
        std::vector<std::uint32_t> seen(kernel_.seen().begin(), kernel_.seen().end());
        std::sort(seen.begin(), seen.end());
        if (std::adjacent_find(seen.begin(), seen.end()) != seen.end())
            return Error{ErrorKind::kDevice, "wrong data: two additions of the GPU saw the same value"};
        std::vector<std::uint64_t> ns;
        for (const std::uint64_t cycles : kernel_.cycles().first(kGpuAdditions))
            ns.push_back(session_.clock().to_ns(cycles));
        return ns;
    }

    device::Session& session_;
    const bool cpu_side_;
    const std::uint32_t groups_;
    TouchKernel kernel_;
};

Status add(device::Registration& registration) {
    const unsigned eus = registration.device() == nullptr ? 1 : registration.device()->eus();
    std::vector<std::uint32_t> group_counts{1};
    if (eus > 1) group_counts.push_back(eus);
    for (const bool cpu_side : {false, true}) {
        for (const std::uint32_t groups : group_counts) {
            ScenarioPlan plan{.name = registration.name().word(cpu_side ? "cpu" : "gpu").parameter("groups", groups)};
            plan.note = "thp=small";
            plan.iterations = 3;
            plan.open = [=](device::Session& session) -> Expected<std::unique_ptr<Scenario>> {
                FL_ASSIGN_OR_RETURN(auto kernel, TouchKernel::create(session, Access::kAtomic, kGpuAdditions));
                return std::unique_ptr<Scenario>(new AtomicContention(session, cpu_side, groups, std::move(kernel)));
            };
            register_scenario(registration, std::move(plan));
        }
    }
    return {};
}

const device::Family kFamily("migration/atomic_contention",
                             "What does an atomic cost when GPU and CPU work on one word at once?", add);

}  // namespace
}  // namespace faultline::bench
