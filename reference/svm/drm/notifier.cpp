// What an invalidation does before the driver is told, and the look-up of ranges.

#include "reference/svm/drm/notifier.h"

#include "reference/svm/drm/gpusvm.h"

namespace faultline::svm {

void Notifier::invalidate(const MmuRange& range, std::uint64_t seq) {
    WriteLock lock(gpusvm.notifier_lock());
    set_seq(seq);
    gpusvm.ops().invalidate(*this, range);
}

RangeTree::iterator Notifier::range_find(Interval wanted) {
    auto it = ranges.upper_bound(wanted.start);
    if (it != ranges.begin()) {
        auto before = std::prev(it);
        if (before->interval.overlaps(wanted)) return before;
    }
    return it != ranges.end() && it->interval.overlaps(wanted) ? it : ranges.end();
}

}  // namespace faultline::svm
