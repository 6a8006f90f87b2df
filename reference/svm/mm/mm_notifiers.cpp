// The sequence of mmu_notifier_subscriptions: odd while any invalidation is under way.

#include "reference/svm/mm/mm_notifiers.h"

namespace faultline::svm {

void MmNotifiers::insert(IntervalNotifier* notifier, Interval interval) {
    WriteLock guard(lock_);
    notifier->interval_ = interval;
    // mmu_interval_notifier_insert(): a sequence that is not the present one, so that the first read_begin() does not
    // wait. No invalidation is under way while the lock is held exclusively.
    MutexLock seq_guard(seq_lock_);
    notifier->invalidate_seq_ = seq_ - 1;
    list_.push_back(*notifier);
}

void MmNotifiers::remove(IntervalNotifier* notifier) {
    WriteLock guard(lock_);
    list_.erase(list_.iterator_to(*notifier));
}

bool MmNotifiers::empty() const {
    ReadLock guard(lock_);
    return list_.empty();
}

std::uint64_t MmNotifiers::read_begin(const IntervalNotifier& notifier) const {
    for (;;) {
        int rings = 0;
        {
            MutexLock guard(seq_lock_);
            const std::uint64_t seq = notifier.invalidate_seq_.load(std::memory_order_relaxed);
            if (seq != seq_) return seq;
            // Under the lock: an end of the invalidation that comes after it rings, and is not slept through.
            rings = idle_.seen();
        }
        idle_.wait(rings);
    }
}

MmNotifiers::Invalidation::Invalidation(MmNotifiers& notifiers, const MmuRange& range) : notifiers_(notifiers) {
    // Held until the end, by several invalidations at once: a notifier is neither added nor removed in between, so
    // that each is told of a beginning or not at all.
    notifiers.lock_.lock_shared();
    std::uint64_t seq = 0;
    {
        MutexLock guard(notifiers.seq_lock_);
        if (notifiers.active_++ == 0) ++notifiers.seq_;
        seq = notifiers.seq_;
    }
    for (IntervalNotifier& notifier : notifiers.list_)
        if (notifier.interval_.overlaps(range.interval)) notifier.invalidate(range, seq);
}

MmNotifiers::Invalidation::~Invalidation() {
    {
        MutexLock guard(notifiers_.seq_lock_);
        if (--notifiers_.active_ == 0) {
            ++notifiers_.seq_;
            notifiers_.idle_.ring_all();
        }
    }
    notifiers_.lock_.unlock_shared();
}

}  // namespace faultline::svm
