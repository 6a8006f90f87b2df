// The hot paths of the software GPU, one access pattern a kernel.
kernel void stream(global const ulong* a, global const ulong* b, global ulong* c) {
    size_t i = get_global_id(0);
    c[i] = a[i] + 3 * b[i];
}

kernel void random_read(global const ulong* table, ulong mask, uint rounds, global ulong* out) {
    size_t i = get_global_id(0);
    ulong x = i * 0x9E3779B97F4A7C15ul + 1;
    ulong sum = 0;
    for (uint r = 0; r < rounds; ++r) {
        x ^= x << 13;
        x ^= x >> 7;
        x ^= x << 17;
        sum += table[x & mask];
    }
    out[i] = sum;
}

// One access a page, more pages than the TLB has entries: each is a miss and a walk.
kernel void page_stride(global const ulong* table, ulong pages, uint rounds, global ulong* out) {
    size_t i = get_global_id(0);
    ulong sum = 0;
    for (uint r = 0; r < rounds; ++r) {
        for (ulong p = 0; p < pages; ++p) sum += table[p * 512];
    }
    out[i] = sum;
}

kernel void touch(global ulong* memory, ulong stride) { memory[get_global_id(0) * stride] = 1; }

kernel void nothing(global ulong* unused) {}
