// Page-fault queues and their workers (xe_pagefault): the producer hands in a fault, a worker services and acks it.
//
// Which queue takes a fault, and how many workers it has, is the policy's: by ASID, so that all faults of one VM
// serialise on one worker (7.0); the next one in turn; or one queue for several workers (see pagefault_queue.h for
// chaining). A worker is a thread of its own, so the kernel's rule that a worker gives way after 20 ms has no meaning
// here. Thread safety: push() from any thread, EUs among them; it takes one short lock and never blocks on service.
// Ownership: entries are copied in.
#pragma once

#include <cstdint>
#include <string>

#include "reference/svm/core/arena.h"
#include "reference/svm/core/clock.h"
#include "reference/svm/core/gt_stats.h"
#include "reference/svm/core/seams.h"
#include "reference/svm/xe/pagefault.h"
#include "reference/svm/xe/policy.h"

namespace faultline::svm {

/// What a worker does with one fault.
class FaultService {
public:
    virtual ~FaultService() = default;
    /// xe_pagefault_service(): 0 and *serviced, the interval that is mapped now; or the error to ack.
    virtual int pagefault_service(const Pagefault& fault, Interval* serviced) = 0;
};

struct FaultQueueConfig {
    FaultService* service = nullptr;
    GtStats* stats = nullptr;  ///< the root GT's
    Clock* clock = nullptr;
    AckChannel* acks = nullptr;  ///< null: faulters are acked directly
    std::uint32_t entries = 0;   ///< per queue: (EUs' hardware threads + engines) x 8, as in the kernel
};

class FaultQueues {
public:
    /// Null and *err on failure: -ENOMEM, or that a worker could not be started.
    static ArenaPtr<FaultQueues> create(const FaultQueueConfig& config, const Policy& policy, int* err);
    /// Services what is queued, then joins the workers.
    ~FaultQueues();
    FaultQueues(const FaultQueues&) = delete;
    FaultQueues& operator=(const FaultQueues&) = delete;

    /// xe_pagefault_handler(): 0, or -ENOSPC when the queue is full ("shouldn't be possible").
    int push(const Pagefault& fault);
    /// xe_pagefault_print_info() of every queue: what debugfs `pagefault_info` shows.
    std::string info();

    struct Impl;

private:
    friend struct ArenaAccess;
    explicit FaultQueues(ArenaPtr<Impl> impl);

    const ArenaPtr<Impl> impl_;
};

}  // namespace faultline::svm
