// Time as the core sees it, injectable: timeslices and modelled latencies are tested on a fake clock.
//
// Thread safety: all implementations are thread safe.
#pragma once

#include <atomic>

#include "base/units.h"

namespace faultline::svm {

class Clock {
public:
    virtual ~Clock() = default;
    /// Monotonic, nanoseconds since an arbitrary start.
    virtual Nanoseconds now() const = 0;
    /// Returns when now() >= `time`. For modelled delays of a device alone; holds no lock, touches no heap.
    virtual void wait_until(Nanoseconds time) = 0;
};

/// CLOCK_MONOTONIC.
class SystemClock final : public Clock {
public:
    Nanoseconds now() const override;
    void wait_until(Nanoseconds time) override;
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
    void advance(Nanoseconds by) { now_ += by.count(); }

private:
    std::atomic<std::int64_t> now_{0};
};

}  // namespace faultline::svm
