// Queue, collection and reset of advice. The list lock is a leaf: it is free while a range is removed.

#include "reference/svm/xe/garbage_collector.h"

#include <cerrno>
#include <new>

namespace faultline::svm {

void GarbageCollector::add(SvmRange& range) {
    MutexLock guard(list_lock_);
    if (!range.garbage_collector_link.is_linked()) list_.push_back(range);
}

void GarbageCollector::forget(SvmRange& range) {
    MutexLock guard(list_lock_);
    if (range.garbage_collector_link.is_linked()) list_.erase(list_.iterator_to(range));
}

RangeRef GarbageCollector::pop() {
    MutexLock guard(list_lock_);
    if (list_.empty()) return {};
    SvmRange& range = list_.front();
    list_.pop_front();
    return RangeRef(&range);  // keeps it while another thread takes it out of the tree
}

int GarbageCollector::collect(Vm::Impl& vm) {
    if (vm.vm.is_closed()) return -ENOENT;
    // One collection at a time: a second one must not find the queue empty while the first still unbinds its last.
    MutexLock guard(lock_);
    bool reset = false;
    while (RangeRef range = pop()) {
        const Interval interval = range->interval;
        vm.range_destroy(*range);
        const Vma* vma = vm.vmas.find(interval.start);
        if (vma == nullptr || !vma->flags.madvise_autoreset || vma->attr.is_default()) continue;
        try {
            MutexLock list_guard(list_lock_);
            resets_.push_back(interval);
            reset = true;
        } catch (const std::bad_alloc&) {
            return -ENOMEM;  // the advice stays, as where the kernel cannot split the VMA
        }
    }
    if (reset) return -EAGAIN;
    MutexLock list_guard(list_lock_);
    return resets_.empty() ? 0 : -EAGAIN;
}

int GarbageCollector::apply_resets(Vm::Impl& vm) {
    for (;;) {
        Interval interval;
        {
            MutexLock guard(list_lock_);
            if (resets_.empty()) return 0;
            interval = resets_.back();
            resets_.pop_back();
        }
        vm.last_fault_vma.store(nullptr);
        if (const int err = vm.vmas.split(interval); err != 0) return err;
        for (Vma* vma = vm.vmas.first_in(interval); vma != nullptr; vma = vm.vmas.next_in(*vma, interval))
            if (vma->flags.madvise_autoreset) vma->attr = {};
        vm.vmas.merge(interval);
    }
}

int GarbageCollector::collect_and_reset(Vm::Impl& vm) {
    const int err = collect(vm);
    return err == -EAGAIN ? apply_resets(vm) : err;
}

}  // namespace faultline::svm
