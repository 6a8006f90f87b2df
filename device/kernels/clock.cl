// Spins for about `cycles` counts of the in-kernel clock and reports how many it really was: calibrates that clock
// against the kernel's own timestamps. One work-item. Ends after `cycles` turns even where the clock stands still.
#include "device/kernels/clock.h"

kernel void clock_spin(ulong cycles, global ulong* spent) {
    const ulong start = intel_get_cycle_counter();
    ulong now = start;
    for (ulong turn = 0; turn < cycles && now - start < cycles; ++turn) now = intel_get_cycle_counter();
    *spent = now - start;
}
