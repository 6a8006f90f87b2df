#include "bench/harness/toucher.h"

#include <fmt/format.h>

namespace faultline::bench {

Expected<CounterWatch> CounterWatch::start(const device::Session& session) {
    FL_ASSIGN_OR_RETURN(auto before, session.gt_counters());
    return CounterWatch(session, std::move(before));
}

Expected<device::GtCounters> CounterWatch::moved() const {
    FL_ASSIGN_OR_RETURN(const auto after, session_->gt_counters());
    return after.since(before_);
}

Expected<std::uint64_t> required(const device::GtCounters& moved, const char* counter) {
    if (const auto value = moved.value(counter)) return *value;
    return Error{ErrorKind::kUnavailable, fmt::format("the GT counters have no {}", counter)};
}

Expected<Bytes> copied_both_ways(const device::GtCounters& moved) {
    FL_ASSIGN_OR_RETURN(const auto to_device_kb, required(moved, "svm_device_copy_kb"));
    FL_ASSIGN_OR_RETURN(const auto to_host_kb, required(moved, "svm_cpu_copy_kb"));
    return Bytes{(to_device_kb + to_host_kb) << 10};
}

Status wait_and_reset(device::Session& session) {
    FL_RETURN_IF_ERROR(session.wait());
    return session.event().reset();
}

Expected<Toucher> Toucher::create(device::Session& session, Access access, std::size_t capacity) {
    FL_ASSIGN_OR_RETURN(TouchKernel kernel, TouchKernel::create(session, access, capacity));
    return Toucher(session, std::move(kernel));
}

Expected<double> Toucher::run(const device::ColdBuffer& buffer, std::span<const Sweep> sweeps) {
    device::CommandList& queue = session_->queue();
    const Stopwatch watch;
    for (std::size_t i = 0; i < sweeps.size(); ++i) {
        const bool last = i + 1 == sweeps.size();
        if (i > 0) {
            FL_RETURN_IF_ERROR(queue.barrier());
        }
        FL_RETURN_IF_ERROR(kernel_.launch(queue, buffer, sweeps[i], last ? &session_->event() : nullptr));
    }
    FL_RETURN_IF_ERROR(session_->wait());
    const double seconds = watch.seconds();
    FL_RETURN_IF_ERROR(session_->event().reset());
    return seconds;
}

Expected<std::vector<std::uint64_t>> Toucher::check(const device::ColdBuffer& buffer, std::span<const Sweep> sweeps) {
    std::size_t accesses = 0;
    for (const Sweep& sweep : sweeps) accesses += sweep.accesses;
    FL_ASSIGN_OR_RETURN(auto taken, latencies(accesses));
    for (const Sweep& sweep : sweeps) {
        FL_RETURN_IF_ERROR(kernel_.verify(buffer, sweep));
    }
    return taken;
}

Expected<std::vector<std::uint64_t>> Toucher::latencies(std::size_t accesses) {
    FL_RETURN_IF_ERROR(kernel_.fetch(session_->queue(), session_->event()));
    std::vector<std::uint64_t> taken;
    for (const std::uint64_t cycles : kernel_.cycles().first(accesses))
        taken.push_back(session_->clock().to_ns(cycles));
    return taken;
}

}  // namespace faultline::bench
