#include "device/kernels/clock.h"

kernel void vadd(global const float* a, global const float* b, global float* c, uint n) {
    size_t i = get_global_id(0);
    if (i < n) c[i] = a[i] + b[i];
}

kernel void strided(global const uint* in, global uint* out, ulong stride, uint count) {
    size_t i = get_global_id(0);
    uint sum = 0;
    for (uint k = 0; k < count; ++k) sum += in[(i * count + k) * stride];
    out[i] = sum;
}

typedef struct {
    uint id;
    ulong payload[7];
    uchar tail[5];
} Record;

kernel void struct_copy(global const Record* in, global Record* out, Record scale) {
    size_t i = get_global_id(0);
    Record r = in[i];
    r.id += scale.id;
    r.payload[i % 7] += scale.payload[3];
    out[get_global_size(0) - 1 - i] = r;
}

// vload from any byte offset: accesses cross cache lines and pages.
kernel void unaligned(global const uchar* in, global uchar* out, uint shift) {
    size_t i = get_global_id(0);
    ulong2 v = *(global const ulong2*)(in + 16 * i);
    uint4 w = vload4(0, (global const uint*)(in + 16 * i));
    v.x ^= w.x;
    v.y += w.w;
    vstore16(as_uchar16(v), 0, out + 16 * i + shift);
}

kernel void atomics32(volatile global atomic_int* counter, volatile global atomic_int* extremes,
                      volatile global atomic_uint* bits) {
    int i = (int)get_global_id(0);
    atomic_fetch_add_explicit(&counter[0], 1, memory_order_relaxed, memory_scope_device);
    atomic_fetch_sub_explicit(&counter[1], 2, memory_order_relaxed, memory_scope_device);
    atomic_fetch_min_explicit(&extremes[0], -i, memory_order_relaxed, memory_scope_device);
    atomic_fetch_max_explicit(&extremes[1], i, memory_order_seq_cst, memory_scope_all_svm_devices);
    atomic_fetch_or_explicit(&bits[0], 1u << (i % 32), memory_order_relaxed, memory_scope_device);
    atomic_fetch_and_explicit(&bits[1], ~(1u << (i % 31)), memory_order_acq_rel, memory_scope_device);
    atomic_fetch_xor_explicit(&bits[2], (uint)i, memory_order_relaxed, memory_scope_device);
    int seen = atomic_load_explicit(&counter[2], memory_order_acquire, memory_scope_device);
    while (!atomic_compare_exchange_weak_explicit(&counter[2], &seen, seen + 3, memory_order_acq_rel,
                                                  memory_order_acquire, memory_scope_device)) {
    }
    atomic_store_explicit(&counter[3], 7, memory_order_release, memory_scope_device);
    atomic_exchange_explicit(&counter[4], i | 1, memory_order_acq_rel, memory_scope_device);
}

#pragma OPENCL EXTENSION cl_khr_int64_base_atomics : enable
#pragma OPENCL EXTENSION cl_khr_int64_extended_atomics : enable
kernel void atomics64(volatile global atomic_ulong* counter, volatile global atomic_long* extremes) {
    long i = (long)get_global_id(0);
    atomic_fetch_add_explicit(&counter[0], 1ul << 33, memory_order_relaxed, memory_scope_all_svm_devices);
    atomic_fetch_min_explicit(&extremes[0], -(i << 33), memory_order_relaxed, memory_scope_device);
    atomic_fetch_max_explicit(&extremes[1], i << 33, memory_order_relaxed, memory_scope_device);
    ulong seen = atomic_load_explicit(&counter[1], memory_order_acquire, memory_scope_device);
    while (!atomic_compare_exchange_strong_explicit(&counter[1], &seen, seen + 5, memory_order_acq_rel,
                                                    memory_order_acquire, memory_scope_device)) {
    }
}

kernel void legacy_atomics(volatile global int* counter) {
    atomic_inc(&counter[0]);
    atomic_dec(&counter[1]);
    atomic_add(&counter[2], 2);
    atomic_cmpxchg(&counter[3], 0, 9);
}

typedef struct node {
    ulong next;
    ulong value;
} Node;

kernel void chase(global const Node* head, global ulong* out, uint hops) {
    global const Node* n = head;
    ulong sum = 0;
    for (uint i = 0; i < hops; ++i) {
        sum += n->value;
        n = (global const Node*)n->next;
    }
    out[get_global_id(0)] = sum;
}

kernel void clock_kernel(volatile global const uint* probe, global ulong* ticks) {
    size_t i = get_global_id(0);
    ulong before = intel_get_cycle_counter();
    uint v = probe[i];
    ulong after = intel_get_cycle_counter();
    ticks[2 * i] = before;
    ticks[2 * i + 1] = after;
    if (v == 1) ticks[0] = 0;
}

kernel void ids(global uint* out) {
    size_t width = get_global_size(0), height = get_global_size(1);
    size_t at = ((get_global_id(2) * height + get_global_id(1)) * width + get_global_id(0)) * 8;
    out[at + 0] = (uint)get_local_id(0);
    out[at + 1] = (uint)get_local_id(1);
    out[at + 2] = (uint)get_group_id(0);
    out[at + 3] = (uint)get_group_id(2);
    out[at + 4] = (uint)get_local_size(1);
    out[at + 5] = (uint)get_num_groups(0);
    out[at + 6] = get_work_dim();
    out[at + 7] = (uint)get_global_linear_id();
}

constant float kTable[4] = {1.0f, 2.0f, 4.0f, 8.0f};

kernel void maths(global const float* in, global float* out) {
    size_t i = get_global_id(0);
    float x = in[i];
    out[8 * i + 0] = sqrt(fabs(x)) + kTable[i % 4];
    out[8 * i + 1] = exp(x) + log(fabs(x) + 1.0f);
    out[8 * i + 2] = fma(x, x, 1.0f) + mad(x, 2.0f, 1.0f);
    out[8 * i + 3] = fmax(x, 0.5f) + fmin(x, -0.5f) + clamp(x, 0.0f, 1.0f);
    out[8 * i + 4] = sin(x) + cos(x) + floor(x) + pow(fabs(x), 1.5f);
    out[8 * i + 5] = (float)(popcount((uint)i) + max((int)i, 3) + (int)min((uint)i, 2u) + (int)clz((uint)i));
    float4 v = (float4)(x, 1.0f, 2.0f, 3.0f);
    out[8 * i + 6] = dot(v, v) + sqrt(v).z + v.s3;
    out[8 * i + 7] = native_sqrt(fabs(x)) + rsqrt(fabs(x) + 1.0f) + rotate(3u, 2u) + (float)isnan(x);
}

kernel void private_array(global const uint* in, global uint* out) {
    size_t i = get_global_id(0);
    uint buffer[16];
    for (uint k = 0; k < 16; ++k) buffer[(in[i] + k * 5) % 16] = k + in[i];
    uint sum = 0;
    for (uint k = 0; k < 16; ++k) sum = sum * 31 + buffer[k];
    out[i] = sum;
}

kernel void write_value(global ulong* out, ulong stride, ulong value) { out[get_global_id(0) * stride] = value; }

kernel void read_at(global const ulong* in, global ulong* out) { out[get_global_id(0)] = *in; }

// Never looks at memory until told: the loop's back edge must poll.
kernel void spin(ulong rounds, global ulong* out) {
    ulong x = 1;
    for (ulong i = 0; i < rounds; ++i) x = x * 6364136223846793005ul + (x >> 7);
    out[get_global_id(0)] = x;
}

kernel void generic_pointer(global uint* out, uint choose) {
    uint here[4] = {1, 2, 3, 4};
    uint* p = choose & 1 ? (uint*)out : here;
    p[1] += 10;
    out[2] = here[1];
}

__attribute__((reqd_work_group_size(64, 2, 1))) kernel void fixed_group(global uint* out) {
    out[get_global_linear_id()] = (uint)get_local_linear_id();
}
