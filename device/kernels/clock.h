// The device clock inside kernels, and how to read it on both sides of one memory access.
//
// intel_get_cycle_counter() is an imported function: IGC provides it, and so does the reference. SPIR-V's own clock
// instruction cannot be produced by llvm-spirv-14. Counts of different hardware threads are not comparable; differences
// within one are. What a count is worth in nanoseconds is for device/device_clock.h to find out.
#pragma once

ulong __attribute__((overloadable)) intel_get_cycle_counter(void);

// `p`, but not before `t` is known. `zero` is a kernel argument that is 0, which no compiler can see: the address of
// the access depends on the first reading of the clock, so the access cannot be issued before it.
#define AFTER_CLOCK(p, t, zero) ((p) + ((t) & (zero)))

// A reading of the clock that waits for `value`: whether the clock is read at all depends on it, and a call that may
// have side effects cannot be moved above the branch.
static inline ulong clock_after(ulong value, ulong zero) {
    ulong t = 0;
    if ((value & zero) == 0) t = intel_get_cycle_counter();
    return t;
}
