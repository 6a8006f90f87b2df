// The driver's range (xe_svm_range): the framework's range with the device's pages embedded (seed 000) and its
// bindings.
//
// Thread safety: `tile_present` and `tile_invalidated` under the notifier lock (written there, peeked at elsewhere);
// garbage_collector_link under the garbage collector's list lock. Ownership: holds a reference to its VM.
#pragma once

#include <boost/intrusive/list.hpp>

#include "reference/svm/pages.h"
#include "reference/svm/range.h"

namespace faultline::svm {

class SvmRange final : public Range {
public:
    SvmRange(GpuSvm& owner, Notifier& under, Interval span, bool may_migrate, Device& device)
        : Range(owner, under, span, may_migrate), pages(device) {}

    Pages pages;
    boost::intrusive::list_member_hook<> garbage_collector_link;
    std::atomic<bool> tile_present{false};      ///< a binding of this range was committed
    std::atomic<bool> tile_invalidated{false};  ///< its PTEs were zapped since
};

inline SvmRange& to_svm_range(Range& range) { return static_cast<SvmRange&>(range); }

using GarbageList =
    boost::intrusive::list<SvmRange, boost::intrusive::member_hook<SvmRange, boost::intrusive::list_member_hook<>,
                                                                   &SvmRange::garbage_collector_link>>;

}  // namespace faultline::svm
