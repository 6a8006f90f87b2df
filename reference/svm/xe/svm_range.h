// The driver's range (xe_svm_range): the framework's range with the device's pages embedded and its bindings.
//
// Thread safety: `lock` makes fault handler, garbage collector and prefetch take turns on the range, and guards
// `removed`; `tile_present` and `tile_invalidated` are written under the notifier lock and peeked at elsewhere;
// garbage_collector_link under the garbage collector's list lock. Ownership: refcounted as a Range; holds a reference
// to its VM.
#pragma once

#include <boost/intrusive/list.hpp>

#include "reference/svm/core/lock.h"
#include "reference/svm/core/ref.h"
#include "reference/svm/drm/pages.h"
#include "reference/svm/drm/range.h"
#include "reference/svm/xe/tile.h"

namespace faultline::svm {

class SvmRange final : public Range {
public:
    SvmRange(GpuSvm& owner, Notifier& under, Interval span, bool may_migrate, const DrmDevice& device)
        : Range(owner, under, span, may_migrate), pages(device) {}

    /// xe_vm_has_valid_gpu_mapping(). Opportunistic unless the notifier lock is held. Acquire pairs with the binder's
    /// release: a bit that is seen has its PTEs behind it.
    bool has_valid_gpu_mapping(TileMask tiles) const {
        return (tile_present.load(std::memory_order_acquire) & ~tile_invalidated.load(std::memory_order_acquire) &
                tiles) == tiles;
    }

    Mutex lock{LockRank::kRange, "range.lock"};
    bool removed FL_GUARDED_BY(lock) =
        false;  ///< out of the tree: a thread that still has a reference looks it up anew
    Pages pages;
    boost::intrusive::list_member_hook<> garbage_collector_link;
    std::atomic<TileMask> tile_present{0};      ///< tiles on which a binding was committed
    std::atomic<TileMask> tile_invalidated{0};  ///< tiles whose PTEs were zapped since
};

inline SvmRange& to_svm_range(Range& range) { return static_cast<SvmRange&>(range); }

/// A reference to a range, as lookups return it: the tree's own may be dropped at any time.
using RangeRef = Ref<SvmRange>;

/// Takes over the reference that a look-up in the tree returned.
inline RangeRef adopt_range(Range* range) { return adopt(range == nullptr ? nullptr : &to_svm_range(*range)); }

using GarbageList =
    boost::intrusive::list<SvmRange, boost::intrusive::member_hook<SvmRange, boost::intrusive::list_member_hook<>,
                                                                   &SvmRange::garbage_collector_link>>;

}  // namespace faultline::svm
