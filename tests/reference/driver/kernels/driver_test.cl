#include "device/kernels/clock.h"

kernel void fill_ids(global uint* out, uint base) { out[get_global_id(0)] = base + (uint)get_global_id(0); }

kernel void add_one(global uint* data) { data[get_global_id(0)] += 1; }

kernel void touch(global uint* data, ulong stride) { data[get_global_id(0) * stride] += 1; }

kernel void store_at(global uint* p, uint value) { *p = value; }

kernel void load_at(global const uint* p, global uint* out) { *out = *p; }

kernel void count(volatile global atomic_uint* counter) {
    atomic_fetch_add_explicit(counter, 1u, memory_order_relaxed, memory_scope_all_svm_devices);
}

// The value of each neighbour in the group, through local memory.
kernel void rotate_group(global uint* data, local uint* scratch) {
    size_t l = get_local_id(0);
    scratch[l] = data[get_global_id(0)];
    barrier(CLK_LOCAL_MEM_FENCE);
    data[get_global_id(0)] = scratch[(l + 1) % get_local_size(0)];
}

kernel __attribute__((reqd_work_group_size(8, 2, 1))) void shaped(global uint* out) {
    out[get_global_id(1) * get_global_size(0) + get_global_id(0)] =
        (uint)(get_local_size(0) * 100 + get_local_size(1) * 10 + get_local_size(2));
}

kernel void read_clock(global ulong* out) { out[get_global_id(0)] = intel_get_cycle_counter(); }
