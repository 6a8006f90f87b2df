// A plain buffer (xe_bo): memory of a tile's VRAM that is no mirror of anything, evicted to system memory when VRAM
// runs short and brought back by the next fault.
//
// It goes through the same LRU and eviction as SVM's allocations. Thread safety: every function from any thread.
// Ownership: refcounted; every mapping of a VM holds a reference. Invariant: while unpinned it may be evicted whenever
// `lock` is free; an eviction returns when no EU uses the VRAM any more.
#pragma once

#include <atomic>
#include <boost/intrusive/list.hpp>

#include "reference/svm/core/lock.h"
#include "reference/svm/drm/vram.h"
#include "reference/svm/xe/tile.h"

namespace faultline::svm {

/// Where a buffer is bound: told before its VRAM goes.
class BoMapping : public boost::intrusive::list_base_hook<> {
public:
    virtual ~BoMapping() = default;
    /// xe_vm_invalidate_vma(): zaps and flushes. Called with the buffer's lock held.
    virtual void invalidate() = 0;
};

class Bo final : public VramUser {
public:
    /// In VRAM, one reference. Null and *err: -ENOMEM (no VRAM to be had, or no memory), -EINVAL (larger than the
    /// VRAM). Contents are undefined.
    static Bo* create(Tile& tile, Bytes size, int* err);

    Bo(const Bo&) = delete;
    Bo& operator=(const Bo&) = delete;

    void get();
    void put() override;

    Tile& tile() { return tile_; }
    Bytes size() const { return size_; }

    /// ttm_bo_pin(): in VRAM, and stays there until unpin(). Its address, or null and *err = -ENOMEM.
    std::byte* pin(int* err);
    void unpin();
    /// True while its contents are in VRAM. A snapshot.
    bool in_vram();

    /// The buffer's dma-resv; held to bind it, so that it is not evicted meanwhile.
    Mutex lock{LockRank::kBo, "bo.lock"};
    /// xe_bo_validate(): back into VRAM if it was evicted. 0 or -ENOMEM, -EIO (a copy failed: it stays where it was).
    int validate() FL_REQUIRES(lock);
    std::byte* vram() FL_REQUIRES(lock) { return static_cast<std::byte*>(block_.base); }
    /// A reference for each mapping, until it is removed.
    void add_mapping(BoMapping& mapping) FL_REQUIRES(lock);
    void remove_mapping(BoMapping& mapping) FL_EXCLUDES(lock);

    // VramUser
    /// TTM's eviction: unbinds, copies to system memory, frees the VRAM. -EBUSY while locked or pinned.
    int evict() override;
    bool try_get() override;

private:
    friend struct ArenaAccess;
    Bo(Tile& tile, Bytes size) : tile_(tile), size_(size) {}
    ~Bo() override = default;

    Tile& tile_;
    const Bytes size_;
    std::atomic<unsigned> refs_{1};
    VramBlock block_;                                  ///< empty while evicted; Vram's LRU refers to it
    std::byte* system_ FL_GUARDED_BY(lock) = nullptr;  ///< the contents while evicted
    unsigned pins_ FL_GUARDED_BY(lock) = 0;
    boost::intrusive::list<BoMapping> mappings_ FL_GUARDED_BY(lock);
};

}  // namespace faultline::svm
