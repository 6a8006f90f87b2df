#include "bench/harness/toucher.h"

#include <fmt/format.h>

namespace faultline::bench {

Expected<CounterWatch> CounterWatch::start(const device::Session& session) {
    auto before = session.gt_counters();
    if (!before) return before.error();
    return CounterWatch(session, *std::move(before));
}

Expected<device::GtCounters> CounterWatch::moved() const {
    const auto after = session_->gt_counters();
    if (!after) return after.error();
    return after->since(before_);
}

Expected<std::uint64_t> required(const device::GtCounters& moved, const char* counter) {
    if (const auto value = moved.value(counter)) return *value;
    return Error{ErrorKind::kUnavailable, fmt::format("the GT counters have no {}", counter)};
}

Status finish(device::Session& session) {
    if (Status s = session.event().wait(); !s) return session.explain(s.error());
    return session.event().reset();
}

Expected<Toucher> Toucher::create(device::Session& session, Access access, std::size_t capacity) {
    Expected<TouchKernel> kernel = TouchKernel::create(session, access, capacity);
    if (!kernel) return kernel.error();
    return Toucher(session, *std::move(kernel));
}

Expected<double> Toucher::run(const device::ColdBuffer& buffer, std::span<const Sweep> sweeps) {
    device::CommandList& queue = session_->queue();
    const Stopwatch watch;
    for (std::size_t i = 0; i < sweeps.size(); ++i) {
        const bool last = i + 1 == sweeps.size();
        if (i > 0) {
            if (Status s = queue.barrier(); !s) return s.error();
        }
        if (Status s = kernel_.launch(queue, buffer, sweeps[i], last ? &session_->event() : nullptr); !s)
            return s.error();
    }
    if (Status s = session_->event().wait(); !s) return session_->explain(s.error());
    const double seconds = watch.seconds();
    if (Status s = session_->event().reset(); !s) return s.error();
    return seconds;
}

Expected<std::vector<std::uint64_t>> Toucher::check(const device::ColdBuffer& buffer, std::span<const Sweep> sweeps) {
    std::size_t accesses = 0;
    for (const Sweep& sweep : sweeps) accesses += sweep.accesses;
    auto taken = latencies(accesses);
    if (!taken) return taken.error();
    for (const Sweep& sweep : sweeps) {
        if (Status s = kernel_.verify(buffer, sweep); !s) return s.error();
    }
    return taken;
}

Expected<std::vector<std::uint64_t>> Toucher::latencies(std::size_t accesses) {
    if (Status s = kernel_.fetch(session_->queue(), session_->event()); !s) return s.error();
    std::vector<std::uint64_t> taken;
    for (const std::uint64_t cycles : kernel_.cycles().first(accesses))
        taken.push_back(session_->clock().to_ns(cycles));
    return taken;
}

}  // namespace faultline::bench
