// One allocation of device pages (struct drm_pagemap_zdd with its drm_pagemap_devmem): the pages of an interval that
// migrated together.
//
// Thread safety: counts are atomic; `block` and `home` are fixed from creation. Ownership: refcounted: one reference
// per page in the entry table and one per user (get/put); the last one frees the VRAM.
#pragma once

#include <atomic>
#include <cerrno>

#include "reference/svm/core/types.h"
#include "reference/svm/drm/pagemap.h"
#include "reference/svm/drm/vram.h"

namespace faultline::svm {

struct Zdd final : public VramUser {
    Zdd(Pagemap& owner, Interval where) : pagemap(owner), home(where) {}

    /// -EBUSY while no page refers to it: it is being filled, or about to go.
    int evict() override { return pages.load() == 0 ? -EBUSY : pagemap.evict_to_ram(this); }
    bool try_get() override;
    void put() override;

    std::byte* page(std::uint32_t index) const { return static_cast<std::byte*>(block.base) + index * kPageSize; }

    Pagemap& pagemap;
    const Interval home;  ///< where its pages were when they came; mremap may take them elsewhere
    VramBlock block;
    bool huge = false;                        ///< came from a huge page, and goes back as one
    std::atomic<std::int64_t> expiration{0};  ///< timeslice_expiration, nanoseconds of the pagemap's clock
    std::atomic<unsigned> refs{1};
    std::atomic<unsigned> pages{0};  ///< entries that refer to it
};

/// `count` entries refer to it from now on; each holds a reference.
void zdd_pages_come(Zdd* zdd, unsigned count);
/// `count` entries do not any more. With the last reference the VRAM is free.
void zdd_pages_gone(Zdd* zdd, unsigned count);

}  // namespace faultline::svm
