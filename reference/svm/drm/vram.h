// VRAM of one device: a buddy allocator over real memory, an LRU, and one eviction path (TTM and drm_buddy).
//
// Thread safety: every function may be called from any thread; at most one function works on one block at a time, but
// for touch() and eviction. Ownership: a block belongs to the caller that allocated it until free(); an evictable block
// is linked into the LRU, so its VramBlock stays where it is, and may be taken back through its VramUser as soon as
// alloc() has returned. Sizes are rounded up to powers of two, 4 KiB at least; blocks are aligned to their size, 2 MiB
// at most as addresses.
#pragma once

#include <cstdint>

#include "reference/svm/core/arena.h"
#include "reference/svm/core/types.h"

namespace faultline::svm {

class Vram;

/// The owner of an evictable block (ttm_buffer_object): an SVM allocation or a plain buffer.
class VramUser {
public:
    virtual ~VramUser() = default;
    /// Moves the contents elsewhere; frees the block now or when the last reference is dropped. 0, -EBUSY when it
    /// cannot now, or why it failed (the next in LRU is tried). Called without any Vram lock held, by the thread that
    /// needs memory and perhaps by several at once; a reference is held for the call.
    virtual int evict() = 0;
    /// Takes or drops a reference, so that the user cannot go while it is being evicted. try_get fails when it is
    /// going; it is called under the Vram's lock, takes no lock and frees nothing.
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
    static ArenaPtr<Vram> create(Bytes size, int* err);
    ~Vram();
    Vram(const Vram&) = delete;
    Vram& operator=(const Vram&) = delete;

    /// Allocates; evicts least recently used blocks when full and `may_evict`. 0, -ENOMEM (round after round of the LRU
    /// gave nothing), -EINVAL (larger than the VRAM). Contents are undefined: clear or overwrite them. REQUIRES: no
    /// lock that a user's evict() takes is held, when `may_evict`.
    int alloc(Bytes size, VramUser* user, bool may_evict, VramBlock* block);
    /// REQUIRES: allocated. Leaves the block empty. A pinned block may be freed through a copy.
    void free(VramBlock* block);
    /// Marks the block most recently used; nothing for a pinned or freed one.
    void touch(VramBlock* block);

    Bytes size() const;
    Bytes used() const;
    bool contains(const void* p) const;
    /// Structure walker for tests: free lists and LRU agree with the totals; aborts where not.
    void check() const;

    struct Impl;

private:
    friend struct ArenaAccess;
    explicit Vram(ArenaPtr<Impl> impl);

    const ArenaPtr<Impl> impl_;
};

}  // namespace faultline::svm
