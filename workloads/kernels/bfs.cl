// One level of a breadth-first search over a graph in compressed sparse rows, all arrays in ordinary malloc memory.
//
// A work-item takes one vertex of the frontier. The first work-item to lower a neighbour's level from UNREACHED owns it
// and appends it to the next frontier, so every vertex enters a frontier once.

#define UNREACHED 0xffffffffu

kernel void bfs_level(global const ulong* offsets, global const uint* neighbours, global volatile atomic_uint* levels,
                      global const uint* frontier, uint frontier_size, global uint* next,
                      global volatile atomic_uint* next_size, uint level) {
    const size_t item = get_global_id(0);
    if (item >= frontier_size) return;
    const uint vertex = frontier[item];
    const ulong end = offsets[vertex + 1];
    for (ulong i = offsets[vertex]; i < end; ++i) {
        const uint neighbour = neighbours[i];
        // Most neighbours have been reached before: look before paying for the atomic.
        if (atomic_load_explicit(&levels[neighbour], memory_order_relaxed, memory_scope_device) != UNREACHED) continue;
        if (atomic_fetch_min_explicit(&levels[neighbour], level, memory_order_relaxed, memory_scope_device) !=
            UNREACHED)
            continue;
        next[atomic_fetch_add_explicit(next_size, 1, memory_order_relaxed, memory_scope_device)] = neighbour;
    }
}

// Tells the host how large the next frontier is and clears the counter. The host reads its own memory, so the counter's
// page stays where the atomics need it.
kernel void bfs_publish(global uint* next_size, global uint* host_frontier_size) {
    *host_frontier_size = *next_size;
    *next_size = 0;
}
