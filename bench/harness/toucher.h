// One kernel of touch.cl on one device, launched and waited for; time, GT counters, data and latencies of it.
//
// Thread safety: one thread at a time; touchers of different sessions are independent. Ownership: must go before the
// Session that it was made on.
#pragma once

#include <chrono>
#include <cstdint>
#include <span>
#include <vector>

#include "bench/harness/scenario.h"
#include "bench/harness/touch_kernel.h"
#include "device/session.h"

namespace faultline::bench {

class Stopwatch {
public:
    std::uint64_t ns() const { return static_cast<std::uint64_t>((Clock::now() - start_).count()); }
    double seconds() const { return std::chrono::duration<double>(Clock::now() - start_).count(); }

private:
    using Clock = std::chrono::steady_clock;
    static_assert(std::is_same_v<Clock::period, std::nano>);
    Clock::time_point start_ = Clock::now();
};

/// What the device's GT counters move by.
class CounterWatch {
public:
    static Expected<CounterWatch> start(const device::Session& session);
    Expected<device::GtCounters> moved() const;

private:
    CounterWatch(const device::Session& session, device::GtCounters before)
        : session_(&session), before_(std::move(before)) {}
    const device::Session* session_;
    device::GtCounters before_;
};

/// The error names the counter: nothing is said about what was not counted.
Expected<std::uint64_t> required(const device::GtCounters& moved, const char* counter);
/// What the driver copied to the device and to the host.
Expected<Bytes> copied_both_ways(const device::GtCounters& moved);

class Toucher {
public:
    static Expected<Toucher> create(device::Session& session, Access access, std::size_t capacity);

    /// Launches the sweeps, each after the one before has completed, and waits. Seconds from the first submission.
    Expected<double> run(const device::ColdBuffer& buffer, std::span<const Sweep> sweeps);
    Expected<double> run(const device::ColdBuffer& buffer, const Sweep& sweep) { return run(buffer, {&sweep, 1}); }

    /// Checks what the last run saw (TouchKernel::verify) and returns each access's latency by the device's clock. The
    /// CPU then reads what writes and atomics left.
    Expected<std::vector<std::uint64_t>> check(const device::ColdBuffer& buffer, std::span<const Sweep> sweeps);
    Expected<std::vector<std::uint64_t>> check(const device::ColdBuffer& buffer, const Sweep& sweep) {
        return check(buffer, {&sweep, 1});
    }
    /// The same latencies, nothing checked.
    Expected<std::vector<std::uint64_t>> latencies(std::size_t accesses);

private:
    Toucher(device::Session& session, TouchKernel kernel) : session_(&session), kernel_(std::move(kernel)) {}
    device::Session* session_;
    TouchKernel kernel_;
};

/// Work of a session's queue that signals its event: waits for that, and resets the event.
Status wait_and_reset(device::Session& session);

}  // namespace faultline::bench
