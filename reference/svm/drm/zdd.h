// One allocation of device pages (struct drm_pagemap_zdd with its drm_pagemap_devmem): the pages of an interval that
// migrated together.
//
// Thread safety: counts are atomic; `block`, `home` and `huge` are fixed before the first page refers to it. Ownership:
// refcounted as a folio; the last reference frees the VRAM.
#pragma once

#include <atomic>

#include "reference/svm/core/types.h"
#include "reference/svm/drm/pagemap.h"
#include "reference/svm/drm/vram.h"
#include "reference/svm/mm/device_page.h"

namespace faultline::svm {

class Zdd final : public DeviceFolio, public VramUser {
public:
    Zdd(Pagemap& owner, Interval where) : DeviceFolio(owner), home(where) {}
    ~Zdd() override = default;

    /// VRAM for it, evicting others if it must. 0, -ENOMEM, -EINVAL (larger than the VRAM).
    int alloc_vram();

    Pagemap& zdd_pagemap() const { return to_pagemap(pagemap); }

    // VramUser
    int evict() override;
    bool try_get() override { return DeviceFolio::try_get(); }
    void put() override { DeviceFolio::put(); }

    const Interval home;                      ///< where its pages were when they came; mremap may take them elsewhere
    bool huge = false;                        ///< came from a huge page, and goes back as one
    std::atomic<std::int64_t> expiration{0};  ///< timeslice_expiration, nanoseconds of the device's clock

private:
    void free() override;

    VramBlock block_;
};

inline Zdd& to_zdd(DeviceFolio& folio) { return static_cast<Zdd&>(folio); }
inline const Zdd& to_zdd(const DeviceFolio& folio) { return static_cast<const Zdd&>(folio); }

}  // namespace faultline::svm
