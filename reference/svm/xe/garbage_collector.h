// The ranges of one VM that the CPU unmapped, until somebody who may removes them (xe_vm.svm.garbage_collector).
//
// Private to reference/svm. An invalidation only queues them: to remove a range takes locks that are above those under
// which it runs. Every operation under vm.lock collects first, so that its view of ranges is current; the garbage
// worker does where nothing else comes. Advice that an unmap resets (madvise_autoreset) waits here too: a collection
// with vm.lock held for reading notes it, and one that holds the lock for writing applies it.
//
// Thread safety: every function from any thread, under the locks that it names. Ownership: a queued range is kept by
// the tree's reference, and leaves the queue before that is dropped.
#pragma once

#include <memory_resource>
#include <vector>

#include "reference/svm/core/arena.h"
#include "reference/svm/core/lock.h"
#include "reference/svm/xe/svm_range.h"
#include "reference/svm/xe/vm_impl.h"

namespace faultline::svm {

class GarbageCollector {
public:
    GarbageCollector() : resets_(&arena()) {}

    /// Queues the range, unless it is queued already. Called in the notifier.
    void add(SvmRange& range);
    /// Takes the range out of the queue, wherever it is. REQUIRES: no unmap can find it any more.
    void forget(SvmRange& range);

    /// xe_svm_garbage_collector(): 0, -ENOENT (closed), -ENOMEM, -EAGAIN (advice is to be reset: see apply_resets()).
    int collect(Vm::Impl& vm) FL_REQUIRES_SHARED(vm.lock);
    /// xe_svm_range_set_default_attr() for all that was unmapped from VMAs that are bound so. The series splits VMAs
    /// with vm.lock held for reading, while other faults walk them; here it needs the lock for writing. 0 or -ENOMEM.
    int apply_resets(Vm::Impl& vm) FL_REQUIRES(vm.lock);
    /// The first thing of every operation under vm.lock for writing: both. 0, -ENOENT, -ENOMEM.
    int collect_and_reset(Vm::Impl& vm) FL_REQUIRES(vm.lock);

private:
    /// The range that waits longest, or none.
    RangeRef pop();

    Mutex lock_{LockRank::kGarbageCollector, "vm.svm.garbage_collector.lock"};
    Mutex list_lock_{LockRank::kQueue, "vm.svm.garbage_collector.list_lock"};
    GarbageList list_ FL_GUARDED_BY(list_lock_);
    std::pmr::vector<Interval> resets_ FL_GUARDED_BY(list_lock_);
};

}  // namespace faultline::svm
