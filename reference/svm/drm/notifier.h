// One interval notifier and the ranges under it (drm_gpusvm_notifier): 512 MiB-aligned, made with its first range and
// removed with its last.
//
// Thread safety: the range tree is changed under range_lock with the notifier lock held shared, and read under either
// range_lock or the notifier lock held exclusively (by the invalidation). Ownership: GpuSvm owns its notifiers, a
// notifier its ranges.
#pragma once

#include <boost/intrusive/set.hpp>

#include "reference/svm/drm/range.h"
#include "reference/svm/mm/mm.h"

namespace faultline::svm {

class Notifier final : public IntervalNotifier, public boost::intrusive::set_base_hook<> {
public:
    Notifier(GpuSvm& owner, Interval span) : gpusvm(owner), aligned(span) {}

    /// drm_gpusvm_notifier_invalidate().
    void invalidate(const MmuRange& range, std::uint64_t seq) override;

    /// drm_gpusvm_range_find(): the first range that overlaps the interval, or end().
    RangeTree::iterator range_find(Interval wanted);

    GpuSvm& gpusvm;
    const Interval aligned;
    RangeTree ranges;
};

struct NotifierStart {
    using type = VirtAddr;
    VirtAddr operator()(const Notifier& notifier) const { return notifier.aligned.start; }
};
using NotifierTree = boost::intrusive::set<Notifier, boost::intrusive::key_of_value<NotifierStart>>;

}  // namespace faultline::svm
