// What the device's two clocks are worth in nanoseconds: the timer behind kernel timestamps, and the cycle counter that
// kernels read.
//
// The two may tick differently, and only the first has a documented rate, so the second is measured against it: a
// kernel of one work-item spins on the counter for some milliseconds, and its duration by timestamps over the cycles it
// spent is the rate, once spins of two lengths agree on it. The timer itself is checked against the host's clock over
// the same stretch with zeDeviceGetGlobalTimestamps. A GPU whose core frequency changes under way changes the rate of a
// counter that follows it: pin the frequency.
//
// Thread safety: values.
#pragma once

#include <cstdint>
#include <functional>

#include "base/expected.h"
#include "device/command_list.h"
#include "device/context.h"
#include "device/event.h"

namespace faultline::device {

/// The timer behind kernel and global timestamps.
struct TimestampUnit {
    double ns_per_tick = 0;
    unsigned kernel_valid_bits = 64;
    unsigned global_valid_bits = 64;

    /// From timerResolution: nanoseconds per tick with ZE_STRUCTURE_TYPE_DEVICE_PROPERTIES, ticks per second with
    /// ..._1_2. kDevice when the resolution is zero or a width is not 1 to 64.
    static Expected<TimestampUnit> from(const ze_device_properties_t& properties);
};

/// Ticks from `start` to `end` of a timer of `valid_bits`, which may have wrapped once. Bits above are ignored.
std::uint64_t ticks_between(std::uint64_t start, std::uint64_t end, unsigned valid_bits);

/// A kernel that spun on the cycle counter.
struct Spin {
    double ns = 0;  ///< by kernel timestamps
    std::uint64_t cycles = 0;
};

/// Nanoseconds per cycle, from spins of at least so many cycles that `spin` makes. A disturbance between a timestamp
/// and the spin only ever adds time, so the least of eight spins is the truest; and it adds no more to a longer spin,
/// so the least rate is believed when spins of another length come within 1 % of it. kDevice when a clock stands still,
/// or spins of up to 0.2 s do not agree.
Expected<double> find_ns_per_cycle(const std::function<Expected<Spin>(std::uint64_t cycles)>& spin);

class DeviceClock {
public:
    explicit DeviceClock(double ns_per_cycle) : ns_per_cycle_(ns_per_cycle) {}

    /// Measures (about 50 ms). kDevice when the timer disagrees with the host's clock by more than a tenth, since then
    /// no figure of that device could be trusted.
    static Expected<DeviceClock> calibrate(const Context& context, CommandList& list);

    double ns_per_cycle() const { return ns_per_cycle_; }
    /// In-kernel cycles to nanoseconds, rounded.
    std::uint64_t to_ns(std::uint64_t cycles) const;

private:
    double ns_per_cycle_;
};

}  // namespace faultline::device
