// One page-fault queue (struct xe_pagefault_queue): a ring of faults, and what its workers are serving now.
//
// With chaining (series, patch 8) a fault that falls into the 2 MiB window around one that a worker is serving does not
// wait for a worker of its own: it is linked to that one, on arrival or when a worker comes across it, and acked with
// it. Faults that the service turns out not to have covered are queued again, with a window of one page, so that they
// are not linked to the wrong one for ever. Entries stay in the ring until they are acked.
//
// Two rules keep a false ack from becoming an endless one. A fault is acked without service only if it was queued
// before the service that covered it had ended: an access after that sees the new translation, or has a right to be
// served. And an atomic fault is linked to an atomic one alone: what serves a read may not permit it.
//
// Thread safety: all functions; one short lock. A slot that pop() gave belongs to that worker until release().
#pragma once

#include <array>
#include <cstdint>
#include <memory_resource>
#include <string>
#include <vector>

#include "reference/svm/core/gt_stats.h"
#include "reference/svm/core/lock.h"
#include "reference/svm/xe/pagefault.h"

namespace faultline::svm {

class PagefaultQueue {
public:
    static constexpr unsigned kMaxWorkers = 8;  ///< num_pf_work at most
    using Slot = std::uint32_t;
    static constexpr Slot kNoSlot = ~0u;

    /// `entries`: rounded up to a power of two. Counters are charged to `stats`. Throws std::bad_alloc.
    PagefaultQueue(std::uint32_t entries, unsigned workers, bool chaining, GtStats& stats);
    PagefaultQueue(const PagefaultQueue&) = delete;
    PagefaultQueue& operator=(const PagefaultQueue&) = delete;

    enum class Pushed : std::uint8_t { kQueued, kChained, kFull };
    /// xe_pagefault_handler()'s part under the lock. kQueued: a worker is wanted.
    Pushed push(const Pagefault& fault);

    struct Popped {
        Slot slot = kNoSlot;
        bool serviced = false;  ///< by what this worker served last: to be acked as it is
    };
    /// The next fault for this worker, or kNoSlot. REQUIRES: the worker has released its last one.
    Popped pop(unsigned worker);
    const Pagefault& fault(Slot slot) const { return entries_[slot].fault; }

    /// The service of the worker's fault has ended: what is linked to it and was not served is queued again; returns
    /// how many. `serviced` is meant for err == 0.
    unsigned complete(unsigned worker, Slot slot, int err, Interval serviced);
    /// The fault linked after this one, or kNoSlot. REQUIRES: complete() was called.
    Slot next(Slot slot) const { return entries_[slot].next; }
    /// Frees the fault's entry and those linked to it. REQUIRES: all were acked.
    void release(Slot slot);

    /// xe_pagefault_print_info().
    std::string info();

private:
    enum class State : std::uint8_t { kFree, kQueued, kChained, kActive };
    struct alignas(64) Entry {
        Pagefault fault;
        std::uint64_t arrival = 0;
        Slot next = kNoSlot;
        State state = State::kFree;
        bool requeued = false;
    };
    static_assert(sizeof(Entry) == 64);
    /// struct xe_pagefault_work's cache.
    struct Cache {
        Slot leader = kNoSlot;  ///< what is being served; kNoSlot: nothing
        Slot last = kNoSlot;    ///< end of its chain
        Interval window;
        // What was served last, for faults that arrived before it had been.
        Interval serviced;
        std::uint32_t asid = 0;
        std::uint8_t tile = 0;
        bool atomic = false;
        std::uint64_t end = 0;
    };

    bool chain(Slot slot) FL_REQUIRES(lock_);
    void append(Slot& list, Slot& last, Slot slot) FL_REQUIRES(lock_);
    Slot take_next() FL_REQUIRES(lock_);

    const std::uint32_t size_;
    const unsigned workers_;
    const bool chaining_;
    GtStats& stats_;
    Mutex lock_{LockRank::kQueue, "pf_queue.lock"};
    std::pmr::vector<Entry> entries_;
    std::uint32_t head_ FL_GUARDED_BY(lock_) = 0;
    std::uint32_t tail_ FL_GUARDED_BY(lock_) = 0;
    std::uint64_t arrivals_ FL_GUARDED_BY(lock_) = 0;
    Slot requeued_ FL_GUARDED_BY(lock_) = kNoSlot;  ///< served before the ring
    Slot requeued_last_ FL_GUARDED_BY(lock_) = kNoSlot;
    std::array<Cache, kMaxWorkers> caches_ FL_GUARDED_BY(lock_);
};

}  // namespace faultline::svm
