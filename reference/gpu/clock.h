// The device clock: the processor's time-stamp counter where it is invariant, else CLOCK_MONOTONIC in nanoseconds.
//
// Thread safety: all functions. Kernels read it through intel_get_cycle_counter().
#pragma once

#include <cstdint>

namespace faultline::gpu {

/// Ticks since boot. Not before any earlier load of the caller has its value.
std::uint64_t device_clock_ticks();
/// Nanoseconds per tick, measured once a process against CLOCK_MONOTONIC (5 ms).
double device_clock_tick_ns();

}  // namespace faultline::gpu
