/* An order of 2^bits numbers that no prefetcher follows, without a table: each step is a bijection of `bits` bits. For
 * C++ and OpenCL C alike. */
#ifndef FAULTLINE_SHUFFLE_H
#define FAULTLINE_SHUFFLE_H

/* The k-th number; k itself where bits is 0. */
static inline unsigned faultline_shuffled(unsigned k, unsigned bits) {
    const unsigned mask = (1u << bits) - 1u;
    unsigned x = k;
    if (bits == 0) return k;
    x = (x * 0x9e3779b1u) & mask;
    x ^= x >> (bits / 2 + 1);
    x = (x * 0x85ebca6bu) & mask;
    x ^= x >> (bits / 2 + 1);
    return x;
}

#endif
