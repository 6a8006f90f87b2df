// VRAM of one device: a buddy allocator over real memory, an LRU, and one eviction path (TTM and drm_buddy).
//
// Thread safety: every function may be called from any thread. Ownership: a block belongs to whoever allocated it until
// free(); an evictable block may be taken back through its VramUser. Sizes are rounded up to powers of two, 4 KiB at
// least; blocks are aligned to their size.
#pragma once

#include <cstdint>

#include "reference/svm/types.h"

namespace faultline::svm {

class Vram;

/// Whoever owns an evictable block (ttm_buffer_object): an SVM allocation or a plain buffer.
class VramUser {
public:
    virtual ~VramUser() = default;
    /// Moves the contents elsewhere and frees the block. 0, or -EBUSY when it cannot now (the next in LRU is tried).
    /// Called without any Vram lock held, by the thread that needs memory; a reference is held for the call.
    virtual int evict() = 0;
    /// Takes or drops a reference, so that the user cannot go while it is being evicted. try_get fails when it is going.
    virtual bool try_get() = 0;
    virtual void put() = 0;
};

struct VramBlock {
    void* base = nullptr;  ///< address of the bytes in this process
    Bytes size;
    VramUser* user = nullptr;  ///< null: pinned, never evicted
    VramBlock* lru_prev = nullptr;
    VramBlock* lru_next = nullptr;
};

class Vram {
public:
    /// Maps and populates `size` (rounded down to 2 MiB). Null and *err = -ENOMEM when the host refuses.
    static Vram* create(Bytes size, int* err);
    static void destroy(Vram* vram);

    /// Allocates; evicts least recently used blocks when full and `may_evict`. 0, -ENOMEM (nothing left to evict),
    /// -EINVAL (larger than the VRAM). Contents are undefined: clear or overwrite them.
    int alloc(Bytes size, VramUser* user, bool may_evict, VramBlock* block);
    void free(VramBlock* block);
    /// Marks the block most recently used.
    void touch(VramBlock* block);

    Bytes size() const;
    Bytes used() const;
    bool contains(const void* p) const;
    /// Structure walker for tests: free lists and LRU agree with the totals.
    void check() const;

    struct Impl;

private:
    Vram() = default;
    ~Vram() = default;
    Impl* impl_ = nullptr;
};

}  // namespace faultline::svm
