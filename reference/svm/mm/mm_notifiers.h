// The mm's interval notifiers and their sequence (mmu_notifier_subscriptions): who is told that pages change, and
// whether a change is under way.
//
// Thread safety: all functions from any thread. insert() and remove() exclude running invalidations. Invariant: the
// sequence is odd while any invalidation is under way.
#pragma once

#include "reference/svm/core/bell.h"
#include "reference/svm/core/lock.h"
#include "reference/svm/mm/mm.h"

namespace faultline::svm {

class MmNotifiers {
public:
    void insert(IntervalNotifier* notifier, Interval interval);
    void remove(IntervalNotifier* notifier);
    bool empty() const;

    std::uint64_t read_begin(const IntervalNotifier& notifier) const;
    static bool read_retry(const IntervalNotifier& notifier, std::uint64_t seq) {
        return notifier.invalidate_seq_.load(std::memory_order_relaxed) != seq;
    }

    /// mmu_notifier_invalidate_range_start() ... _end(): notifiers are told at construction; until destruction
    /// read_begin() waits.
    class FL_SCOPED_CAPABILITY Invalidation {
    public:
        Invalidation(MmNotifiers& notifiers, const MmuRange& range) FL_ACQUIRE_SHARED(notifiers.lock_);
        ~Invalidation() FL_RELEASE_GENERIC();
        Invalidation(const Invalidation&) = delete;
        Invalidation& operator=(const Invalidation&) = delete;

    private:
        MmNotifiers& notifiers_;
    };

private:
    using List = boost::intrusive::list<
        IntervalNotifier,
        boost::intrusive::base_hook<boost::intrusive::list_base_hook<boost::intrusive::tag<MmNotifiers>>>>;

    mutable SharedMutex lock_{LockRank::kMmNotifiers, "mm.notifiers"};
    // A process has one notifier per VM and 512 MiB in use: a list is searched faster than a tree is kept.
    List list_ FL_GUARDED_BY(lock_);

    mutable Mutex seq_lock_{LockRank::kLeaf, "mm.invalidate_seq"};
    std::uint64_t seq_ FL_GUARDED_BY(seq_lock_) = 2;
    unsigned active_ FL_GUARDED_BY(seq_lock_) = 0;
    mutable Bell idle_;  ///< rung when the last invalidation under way ends
};

}  // namespace faultline::svm
