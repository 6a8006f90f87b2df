// Local memory and barriers: a tree reduction, and a rotation through a local argument.
kernel void reduce(global const uint* in, global uint* out) {
    local uint shared[64];
    size_t l = get_local_id(0);
    shared[l] = in[get_global_id(0)];
    barrier(CLK_LOCAL_MEM_FENCE);
    for (size_t step = get_local_size(0) / 2; step > 0; step /= 2) {
        if (l < step) shared[l] += shared[l + step];
        barrier(CLK_LOCAL_MEM_FENCE);
    }
    if (l == 0) out[get_group_id(0)] = shared[0];
}

kernel void rotate_local(global uint* data, local uint* scratch) {
    size_t l = get_local_id(0);
    scratch[l] = data[get_global_id(0)];
    barrier(CLK_LOCAL_MEM_FENCE);
    data[get_global_id(0)] = scratch[(l + 1) % get_local_size(0)];
}
