/* What the word at byte offset `offset` of a buffer holds: a function of the offset, so that a page in the wrong place
 * shows, and of a salt of the buffer, so that a page left over from another one shows. For C++ and OpenCL C alike. */
#ifndef FAULTLINE_PATTERN_H
#define FAULTLINE_PATTERN_H

static inline unsigned faultline_pattern(unsigned long offset, unsigned salt) {
    return (unsigned)(offset >> 2) * 2654435761u + salt;
}

#endif
