// Time as the core sees it, injectable: timeslices and modelled latencies are tested on a fake clock.
//
// Thread safety: all implementations are thread safe.
#pragma once

#include <atomic>
#include <cstdint>

#include "base/units.h"

namespace faultline::svm {

class Clock {
public:
    virtual ~Clock() = default;
    /// Monotonic, nanoseconds since an arbitrary start.
    virtual Nanoseconds now() const = 0;
    /// Returns when now() >= `time`. For modelled delays of a device alone; holds no lock, touches no heap.
    virtual void wait_until(Nanoseconds time) = 0;
    /// As a futex wait that ends at `time`: also when `word` is not `value`, when woken, or for no reason.
    virtual void sleep_on(std::atomic<std::uint32_t>& word, std::uint32_t value, Nanoseconds time) = 0;
    /// A sleep may end so much too late: who must be on time sleeps that much less and watches the rest.
    virtual Nanoseconds lateness() const = 0;
};

/// CLOCK_MONOTONIC.
class SystemClock final : public Clock {
public:
    Nanoseconds now() const override;
    void wait_until(Nanoseconds time) override;
    void sleep_on(std::atomic<std::uint32_t>& word, std::uint32_t value, Nanoseconds time) override;
    Nanoseconds lateness() const override;
};

/// Moves only when told, or when somebody waits: then to the time that is waited for.
class FakeClock final : public Clock {
public:
    Nanoseconds now() const override { return Nanoseconds(now_.load()); }
    void wait_until(Nanoseconds time) override {
        std::int64_t now = now_.load();
        while (now < time.count() && !now_.compare_exchange_weak(now, time.count())) {
        }
    }
    void sleep_on(std::atomic<std::uint32_t>&, std::uint32_t, Nanoseconds time) override { wait_until(time); }
    Nanoseconds lateness() const override { return {}; }
    void advance(Nanoseconds by) { now_ += by.count(); }

private:
    std::atomic<std::int64_t> now_{0};
};

}  // namespace faultline::svm
