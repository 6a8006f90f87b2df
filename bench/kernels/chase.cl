// A chain of indices through memory, each step with the device clock read on both sides: warm latency.
//
// `chain`: element i of 64 bytes begins with the index of the element after it. One work-item takes `steps` steps from
// element 0 and leaves the element it came to in `end`. `zero` is 0; see device/kernels/clock.h.
#include "device/kernels/clock.h"

kernel void chase(global const uchar* chain, uint steps, ulong zero, global ulong* cycles, global uint* end) {
    ulong at = 0;
    for (uint i = 0; i < steps; ++i) {
        const ulong before = intel_get_cycle_counter();
        at = *(volatile global const uint*)AFTER_CLOCK(chain + at * 64, before, zero);
        const ulong after = clock_after(at, zero);
        cycles[i] = after - before;
    }
    *end = (uint)at;
}

// Lays the chain out, for memory that the host cannot write: element i leads to (i + stride) % count.
kernel void chase_fill(global uchar* chain, uint count, uint stride) {
    for (uint i = (uint)get_global_id(0); i < count; i += (uint)get_global_size(0)) {
        *(global uint*)(chain + (ulong)i * 64) = (i + stride) % count;
    }
}
