// VRAM for an allocation, and the way of the last reference.

#include "reference/svm/drm/zdd.h"

#include <cerrno>

#include "reference/svm/core/arena.h"

namespace faultline::svm {

int Zdd::alloc_vram() {
    if (const int err = zdd_pagemap().vram().alloc({home.size()}, this, /*may_evict=*/true, &block_); err != 0) {
        block_.base = nullptr;
        return err;
    }
    // Evictable from here on, but refused until a page refers to it: see evict().
    base_ = static_cast<std::byte*>(block_.base);
    return 0;
}

/// -EBUSY while no page refers to it: it is being filled, or about to go.
int Zdd::evict() { return mapcount() == 0 ? -EBUSY : zdd_pagemap().evict_to_ram(*this); }

void Zdd::free() {
    Pagemap& owner = zdd_pagemap();
    if (block_.base != nullptr) owner.vram().free(&block_);
    arena_delete(this);
    owner.zdd_freed();
}

}  // namespace faultline::svm
