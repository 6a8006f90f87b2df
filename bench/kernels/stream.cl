// All of a block of memory, by many work-items next to each other: bandwidth, warm.
//
// The words are 64-bit, eight of them a line; work-item i takes the lines i, i + n, i + 2n, ... whole, n the number of
// work-items. A line that several work-items shared would come once for each of them where nothing joins or caches
// their accesses, as over a link to another device's memory.

// Sums go to one element a work-item, so that nothing is optimised away and the data is checked.
kernel void stream_read(global const ulong8* lines, ulong count, global ulong* sums) {
    ulong8 sum = 0;
    for (ulong i = get_global_id(0); i < count; i += get_global_size(0)) sum += lines[i];
    const ulong4 part = sum.lo + sum.hi;
    sums[get_global_id(0)] = part.x + part.y + part.z + part.w;
}

// Word i becomes i + salt.
kernel void stream_write(global ulong8* lines, ulong count, ulong salt) {
    const ulong8 words = (ulong8)(0, 1, 2, 3, 4, 5, 6, 7) + salt;
    for (ulong i = get_global_id(0); i < count; i += get_global_size(0)) lines[i] = words + i * 8;
}
