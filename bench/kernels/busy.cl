// A kernel that uses memory until it is told to stop: what invalidations have to interrupt.
//
// Each work-group of one work-item reads the first word of each of `pages` pages from `base`, over and over, until
// `stop` is not zero; after each pass it counts one in its element of `passes`. At the end its element of `wrong` says
// how many words did not hold the pattern of `salt`. `stop`, `passes` and `wrong` are host USM, each word with one
// writer, so that plain accesses do: volatile, as neither may stay in a register or a cache.
#include "device/kernels/pattern.h"

kernel void busy_read(global const uchar* base, uint pages, uint salt, volatile global const uint* stop,
                      volatile global uint* passes, global ulong* wrong) {
    const uint group = (uint)get_group_id(0);
    ulong mismatches = 0;
    uint pass = 0;
    do {
        for (ulong i = 0; i < pages; ++i) {
            const uint value = *(volatile global const uint*)(base + i * 4096);
            if (value != faultline_pattern(i * 4096, salt)) ++mismatches;
        }
        passes[group] = ++pass;
    } while (*stop == 0);
    wrong[group] = mismatches;
}
