#include "reference/svm/lock.h"

#include <gtest/gtest.h>

namespace faultline::svm {
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
TEST(LockdepDeathTest, RanksOutOfOrderAbortAndNameBoth) {
    EXPECT_DEATH(
        {
            SharedMutex vm(LockRank::kVm, "vm.lock");
            SharedMutex notifier(LockRank::kNotifier, "notifier_lock");
            WriteLock inner(notifier);
            WriteLock outer(vm);
        },
        "'vm.lock' .* out of order; held, outermost first:\n.*'notifier_lock'");
}
#endif

}  // namespace
}  // namespace faultline::svm
