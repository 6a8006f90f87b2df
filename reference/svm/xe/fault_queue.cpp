// The workers of the page-fault queues: pop, service, ack, and look again before they sleep.

#include "reference/svm/xe/fault_queue.h"

#include <sched.h>

#include <atomic>
#include <cerrno>
#include <memory_resource>
#include <new>
#include <utility>
#include <vector>

#include "reference/svm/core/arena.h"
#include "reference/svm/core/bell.h"
#include "reference/svm/core/service_thread.h"
#include "reference/svm/xe/pagefault_queue.h"

namespace faultline::svm {
namespace {

// How often an idle worker looks again before it sleeps. A wake-up costs 20-100 us on a virtual machine, a look 50 ns;
// an EU that was just acked faults again within a few microseconds.
constexpr int kLooksBeforeSleep = 200;

constexpr unsigned kAcksPerFlush = 16;  // series, patch 11

/// Acks faults as the policy wants; holds the channel meanwhile.
class AckBatch {
public:
    AckBatch(AckChannel* channel, AckMode mode) : channel_(channel), mode_(mode) {
        if (channel_ != nullptr) channel_->begin();
    }
    ~AckBatch() {
        if (channel_ == nullptr) return;
        if (unflushed_ != 0) channel_->flush();
        channel_->end();
    }
    AckBatch(const AckBatch&) = delete;
    AckBatch& operator=(const AckBatch&) = delete;

    void ack(const Pagefault& fault, int err) {
        if (channel_ == nullptr) {
            fault.faulter->ack(fault, err);
            return;
        }
        channel_->write(fault, err);
        if (++unflushed_ < (mode_ == AckMode::kBatched ? kAcksPerFlush : 1)) return;
        channel_->flush();
        unflushed_ = 0;
    }

private:
    AckChannel* channel_;
    AckMode mode_;
    unsigned unflushed_ = 0;
};

}  // namespace

// pf_wq: the queues' workers.
struct FaultQueues::Impl {
    /// struct xe_pagefault_queue and the bell its workers listen to.
    struct Queue {
        Queue(std::uint32_t entries, unsigned workers, bool chaining, GtStats& stats)
            : faults(entries, workers, chaining, stats) {}
        PagefaultQueue faults;
        Bell bell;
    };
    struct Worker {
        Impl* impl = nullptr;
        Queue* queue = nullptr;
        unsigned index = 0;  ///< among the queue's
        ServiceThread thread;
    };

    Impl(const FaultQueueConfig& wanted, const Policy& how)
        : config(wanted), choice(how.queue_choice), acks(how.acks) {}

    int start(const Policy& policy) {
        const bool single = choice == QueueChoice::kSingle;
        for (unsigned i = 0; i < (single ? 1 : policy.queue_count); ++i)
            queues.push_back(ArenaPtr<Queue>(
                arena_new<Queue>(config.entries, single ? policy.num_pf_work : 1, policy.chaining, *config.stats)));
        for (unsigned i = 0; i < policy.workers(); ++i) {
            workers.push_back(ArenaPtr<Worker>(arena_new<Worker>()));
            Worker* const worker = workers.back().get();
            worker->impl = this;
            worker->queue = queues[single ? 0 : i].get();
            worker->index = single ? i : 0;
            const int err = worker->thread.start(
                "faultline-pf", [](void* w) { static_cast<Worker*>(w)->impl->work(*static_cast<Worker*>(w)); }, worker);
            if (err != 0) return err;
        }
        return 0;
    }

    ~Impl() {
        // Release pairs with work(): what was queued before is served before a worker ends.
        stop.store(true, std::memory_order_release);
        for (auto& queue : queues) queue->bell.ring_all();
    }

    Queue& queue_of(const Pagefault& fault) {
        switch (choice) {
            case QueueChoice::kAsidHash:
                return *queues[fault.asid % queues.size()];
            case QueueChoice::kRoundRobin: {
                // As in the series, producers may race for one index: then two faults share a queue. Relaxed: no
                // more hangs on it.
                const unsigned old = next_queue.load(std::memory_order_relaxed);
                next_queue.store(old + 1, std::memory_order_relaxed);
                return *queues[old % queues.size()];
            }
            case QueueChoice::kSingle:
                break;
        }
        return *queues.front();
    }

    /// xe_pagefault_queue_work().
    void work(Worker& worker) {
        PagefaultQueue& faults = worker.queue->faults;
        Bell& bell = worker.queue->bell;
        for (int looks = 0;;) {
            const int seen = bell.seen();
            const bool stopping = stop.load(std::memory_order_acquire);  // asked before the last look for work
            const PagefaultQueue::Popped popped = faults.pop(worker.index);
            if (popped.slot != PagefaultQueue::kNoSlot) {
                serve(worker, popped);
                looks = 0;
            } else if (stopping) {
                return;
            } else if (++looks < kLooksBeforeSleep) {
                sched_yield();
            } else {
                bell.wait(seen);
                looks = 0;
            }
        }
    }

    void serve(Worker& worker, PagefaultQueue::Popped popped) {
        PagefaultQueue& faults = worker.queue->faults;
        const Nanoseconds start = config.clock->now();
        config.stats->add_time(GtStat::kReferenceQueueWaitUs, start - faults.fault(popped.slot).arrived);
        int err = 0;
        if (!popped.serviced) {
            const Pagefault& fault = faults.fault(popped.slot);
            Interval serviced;
            err = config.service->pagefault_service(fault, &serviced);
            const unsigned again = faults.complete(worker.index, popped.slot, err, serviced);
            // One is this worker's own next; the others are for workers that sleep.
            for (unsigned i = 1; i < again; ++i) worker.queue->bell.ring();
        }
        {
            AckBatch batch(config.acks, acks);
            for (auto slot = popped.slot; slot != PagefaultQueue::kNoSlot; slot = faults.next(slot))
                batch.ack(faults.fault(slot), err);
        }
        faults.release(popped.slot);
        config.stats->add_time(GtStat::kPagefaultUs, config.clock->now() - start);
    }

    const FaultQueueConfig config;
    const QueueChoice choice;
    const AckMode acks;
    std::pmr::vector<ArenaPtr<Queue>> queues{&arena()};
    std::pmr::vector<ArenaPtr<Worker>> workers{&arena()};  ///< destroyed, and so joined, before their queues
    std::atomic<unsigned> next_queue{0};                   ///< usm.current_pf_queue
    std::atomic<bool> stop{false};
};

ArenaPtr<FaultQueues> FaultQueues::create(const FaultQueueConfig& config, const Policy& policy, int* err) {
    *err = -ENOMEM;
    auto impl = make_arena<Impl>(config, policy);
    if (impl == nullptr) return nullptr;
    try {
        *err = impl->start(policy);
    } catch (const std::bad_alloc&) {
    }
    if (*err != 0) return nullptr;
    auto queues = make_arena<FaultQueues>(std::move(impl));
    if (queues == nullptr) *err = -ENOMEM;
    return queues;
}

FaultQueues::FaultQueues(ArenaPtr<Impl> impl) : impl_(std::move(impl)) {}
FaultQueues::~FaultQueues() = default;

int FaultQueues::push(const Pagefault& fault) {
    Impl::Queue& queue = impl_->queue_of(fault);
    Pagefault queued = fault;
    queued.arrived = impl_->config.clock->now();
    switch (queue.faults.push(queued)) {
        case PagefaultQueue::Pushed::kQueued:
            queue.bell.ring();
            return 0;
        case PagefaultQueue::Pushed::kChained:
            return 0;
        case PagefaultQueue::Pushed::kFull:
            break;
    }
    return -ENOSPC;
}

std::string FaultQueues::info() {
    std::string text;
    for (const auto& queue : impl_->queues) text += queue->faults.info();
    return text;
}

}  // namespace faultline::svm
