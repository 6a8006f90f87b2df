// All of a block of memory, by many work-items next to each other: bandwidth, warm.
//
// The words are 64-bit; work-item i takes i, i + n, i + 2n, ... of them, n the number of work-items.

// Sums go to one element a work-item, so that nothing is optimised away and the data is checked.
kernel void stream_read(global const ulong* words, ulong count, global ulong* sums) {
    ulong sum = 0;
    for (ulong i = get_global_id(0); i < count; i += get_global_size(0)) sum += words[i];
    sums[get_global_id(0)] = sum;
}

// Word i becomes i + salt.
kernel void stream_write(global ulong* words, ulong count, ulong salt) {
    for (ulong i = get_global_id(0); i < count; i += get_global_size(0)) words[i] = i + salt;
}
