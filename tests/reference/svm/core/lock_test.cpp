#include "reference/svm/core/lock.h"

#include <gtest/gtest.h>

namespace faultline::svm {

__attribute__((noinline)) void take_first(SharedMutex& notifier, SharedMutex& vm) {
    WriteLock inner(notifier);
    WriteLock outer(vm);
}

namespace {

TEST(Lockdep, RanksInOrderPass) {
    SharedMutex vm(LockRank::kVm, "vm.lock");
    Mutex queue(LockRank::kQueue, "queue");
    for (int i = 0; i < 3; ++i) {
        WriteLock outer(vm);
        MutexLock inner(queue);
    }
}

#if defined(FAULTLINE_LOCKDEP)
// Both stacks: where the lock that is held was taken, and where the other one would have been.
TEST(LockdepDeathTest, RanksOutOfOrderAbortWithBothStacks) {
    EXPECT_DEATH(
        {
            SharedMutex vm(LockRank::kVm, "vm.lock");
            SharedMutex notifier(LockRank::kNotifier, "notifier_lock");
            take_first(notifier, vm);
        },
        "'vm.lock' .* out of order, at:\n(.*\n)*.*take_first(.*\n)*.*held, outermost first:\n.*'notifier_lock' .*taken "
        "at:\n(.*\n)*.*take_first");
}

TEST(LockdepDeathTest, TheSameRankTwiceAborts) {
    EXPECT_DEATH(
        {
            Mutex one(LockRank::kRange, "range.lock");
            Mutex other(LockRank::kRange, "other range.lock");
            MutexLock outer(one);
            MutexLock inner(other);
        },
        "'other range.lock' .* out of order");
}

TEST(Lockdep, ATryMayBeOfAnyRank) {
    Mutex one(LockRank::kBo, "bo.lock");
    Mutex other(LockRank::kBo, "victim.lock");
    MutexLock outer(one);
    const bool locked = other.try_lock();
    EXPECT_TRUE(locked);
    if (locked) other.unlock();
    Mutex later(LockRank::kMigrate, "migrate_lock");
    MutexLock inner(later);
}
#endif

}  // namespace
}  // namespace faultline::svm
