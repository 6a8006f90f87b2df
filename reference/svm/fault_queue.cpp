#include "reference/svm/fault_queue.h"

#include <sched.h>

#include <array>
#include <atomic>
#include <bit>
#include <boost/intrusive/list.hpp>
#include <cerrno>
#include <new>

#include "reference/svm/arena.h"
#include "reference/svm/bell.h"
#include "reference/svm/device.h"
#include "reference/svm/lock.h"
#include "reference/svm/service_thread.h"
#include "reference/svm/vm.h"

namespace faultline::svm {
namespace {

constexpr unsigned kMaxQueues = 8;

// How often an idle worker looks again before it sleeps. A wake-up costs 20-100 us on a virtual machine, a look 50 ns;
// an EU that was just acked faults again within a few microseconds.
constexpr int kLooksBeforeSleep = 200;

/// struct xe_pagefault_queue: a ring of entries, its lock, its worker.
struct PagefaultQueue {
    Device* device = nullptr;
    Mutex lock{LockRank::kQueue, "pf_queue.lock"};
    Pagefault* entries FL_PT_GUARDED_BY(lock) = nullptr;
    std::uint32_t size = 0;  // a power of two
    std::uint32_t head FL_GUARDED_BY(lock) = 0;
    std::uint32_t tail FL_GUARDED_BY(lock) = 0;
    Bell bell;
    std::atomic<bool> stop{false};
    ServiceThread worker;

    int push(const Pagefault& fault) {
        {
            MutexLock guard(lock);
            if (head - tail == size) return -ENOSPC;
            entries[head++ & (size - 1)] = fault;
        }
        bell.ring();
        return 0;
    }

    bool pop(Pagefault& fault) {
        MutexLock guard(lock);
        if (head == tail) return false;
        fault = entries[tail++ & (size - 1)];
        return true;
    }

    /// xe_pagefault_queue_work().
    void work() {
        Pagefault fault;
        for (int looks = 0;;) {
            const int seen = bell.seen();
            if (pop(fault)) {
                Interval serviced;
                const int err = device->pagefault_service(fault, &serviced);
                fault.faulter->ack(fault, err);
                looks = 0;
            } else if (stop.load(std::memory_order_acquire)) {
                return;
            } else if (++looks < kLooksBeforeSleep) {
                sched_yield();
            } else {
                bell.wait(seen);
                looks = 0;
            }
        }
    }
};

}  // namespace

// pf_wq: the queues' workers, and one more for garbage collection, which the kernel queues on the same workqueue.
struct FaultQueues::Impl {
    std::array<PagefaultQueue, kMaxQueues> queues;
    unsigned count = 0;

    Mutex garbage_lock{LockRank::kQueue, "pf_wq.garbage"};
    boost::intrusive::list<Vm> garbage FL_GUARDED_BY(garbage_lock);
    Bell garbage_bell;
    std::atomic<bool> stop{false};
    ServiceThread garbage_worker;

    Vm* pop_garbage() {
        MutexLock guard(garbage_lock);
        if (garbage.empty()) return nullptr;
        Vm* vm = &garbage.front();
        garbage.pop_front();
        return vm;
    }

    void collect() {
        for (;;) {
            const int seen = garbage_bell.seen();
            if (Vm* vm = pop_garbage()) {
                vm->garbage_collector_work();
                vm->put();
            } else if (stop.load(std::memory_order_acquire)) {
                return;
            } else {
                garbage_bell.wait(seen);
            }
        }
    }
};

FaultQueues* FaultQueues::create(Device& device, const Policy& policy, std::uint32_t entries, int* err) {
    FaultQueues* self = nullptr;
    *err = 0;
    try {
        self = new (arena().allocate(sizeof(FaultQueues), alignof(FaultQueues))) FaultQueues;
        self->impl_ = arena_new<Impl>();
        Impl& impl = *self->impl_;
        for (; impl.count < policy.queue_count && *err == 0; ++impl.count) {
            PagefaultQueue& queue = impl.queues[impl.count];
            queue.device = &device;
            queue.size = std::bit_ceil(entries);
            queue.entries =
                static_cast<Pagefault*>(arena().allocate(queue.size * sizeof(Pagefault), alignof(Pagefault)));
            *err = queue.worker.start(
                "faultline-pf", [](void* q) { static_cast<PagefaultQueue*>(q)->work(); }, &queue);
        }
        if (*err == 0)
            *err = impl.garbage_worker.start(
                "faultline-gc", [](void* i) { static_cast<Impl*>(i)->collect(); }, &impl);
    } catch (const std::bad_alloc&) {
        *err = -ENOMEM;
    }
    if (*err != 0 && self != nullptr) {
        destroy(self);
        self = nullptr;
    }
    return self;
}

void FaultQueues::destroy(FaultQueues* queues) {
    if (Impl* impl = queues->impl_) {
        for (unsigned i = 0; i < impl->count; ++i) {
            PagefaultQueue& queue = impl->queues[i];
            queue.stop.store(true, std::memory_order_release);
            queue.bell.ring();
            queue.worker.join();
            if (queue.entries != nullptr)
                arena().deallocate(queue.entries, queue.size * sizeof(Pagefault), alignof(Pagefault));
        }
        impl->stop.store(true, std::memory_order_release);
        impl->garbage_bell.ring();
        impl->garbage_worker.join();
        arena_delete(impl);
    }
    queues->~FaultQueues();
    arena().deallocate(queues, sizeof(FaultQueues), alignof(FaultQueues));
}

int FaultQueues::push(const Pagefault& fault) { return impl_->queues[fault.asid % impl_->count].push(fault); }

std::string FaultQueues::info() { return {}; }

void FaultQueues::queue_garbage_collector(Vm& vm) {
    {
        MutexLock guard(impl_->garbage_lock);
        if (vm.is_linked()) return;
        vm.get();
        impl_->garbage.push_back(vm);
    }
    impl_->garbage_bell.ring();
}

}  // namespace faultline::svm
