// One access per address, with the device clock read on both sides of it.
//
// Work-group g takes the accesses g, g + groups, g + 2 * groups, ...; access i touches the 32-bit word at base + i *
// pitch (a pitch of 0: all touch one word). With `shuffle_bits` not 0 there are 1 << shuffle_bits accesses, made in an
// order that looks random: see bench/kernels/shuffle.h. Launched with one work-item a group, so that each access
// suspends alone. `cycles` and `seen` are USM, on which no kernel faults. `zero` is 0; see device/kernels/clock.h.
#include "bench/kernels/shuffle.h"
#include "device/kernels/clock.h"
#include "device/kernels/pattern.h"

// The value read is what the second reading of the clock waits for.
kernel void touch_read(global const uchar* base, ulong pitch, uint accesses, uint salt, uint shuffle_bits, ulong zero,
                       global ulong* cycles, global uint* seen) {
    for (uint k = (uint)get_group_id(0); k < accesses; k += (uint)get_num_groups(0)) {
        const uint i = faultline_shuffled(k, shuffle_bits);
        const ulong before = intel_get_cycle_counter();
        const uint value = *(volatile global const uint*)AFTER_CLOCK(base + i * pitch, before, zero);
        const ulong after = clock_after(value, zero);
        cycles[i] = after - before;
        seen[i] = value;
    }
}

// A store has no result to wait for: the fence completes when the store has, and what is loaded back after the fence is
// what the second reading of the clock waits for. That load finds the page mapped; it adds one cache access to the
// latency.
kernel void touch_write(global uchar* base, ulong pitch, uint accesses, uint salt, uint shuffle_bits, ulong zero,
                        global ulong* cycles, global uint* seen) {
    for (uint k = (uint)get_group_id(0); k < accesses; k += (uint)get_num_groups(0)) {
        const uint i = faultline_shuffled(k, shuffle_bits);
        const uint value = faultline_pattern(i * pitch, salt);
        const ulong before = intel_get_cycle_counter();
        volatile global uint* p = (volatile global uint*)AFTER_CLOCK(base + i * pitch, before, zero);
        *p = value;
        atomic_work_item_fence(CLK_GLOBAL_MEM_FENCE, memory_order_seq_cst, memory_scope_device);
        const uint back = *p;
        const ulong after = clock_after(back, zero);
        cycles[i] = after - before;
        seen[i] = back;
    }
}

// Adds 1; what was there before is what the second reading of the clock waits for. The scope is the one that faults to
// the same place as the CPU's atomics do.
kernel void touch_atomic(global uchar* base, ulong pitch, uint accesses, uint salt, uint shuffle_bits, ulong zero,
                         global ulong* cycles, global uint* seen) {
    for (uint k = (uint)get_group_id(0); k < accesses; k += (uint)get_num_groups(0)) {
        const uint i = faultline_shuffled(k, shuffle_bits);
        const ulong before = intel_get_cycle_counter();
        volatile global atomic_uint* p = (volatile global atomic_uint*)AFTER_CLOCK(base + i * pitch, before, zero);
        const uint value = atomic_fetch_add_explicit(p, 1u, memory_order_relaxed, memory_scope_all_svm_devices);
        const ulong after = clock_after(value, zero);
        cycles[i] = after - before;
        seen[i] = value;
    }
}
