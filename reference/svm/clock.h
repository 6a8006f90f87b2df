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
};

/// CLOCK_MONOTONIC.
class SystemClock final : public Clock {
public:
    Nanoseconds now() const override;
};

/// Moves only when told.
class FakeClock final : public Clock {
public:
    Nanoseconds now() const override { return Nanoseconds(now_.load()); }
    void advance(Nanoseconds by) { now_ += by.count(); }

private:
    std::atomic<std::int64_t> now_{0};
};

}  // namespace faultline::svm
