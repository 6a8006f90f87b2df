// Page-fault queues and their workers (xe_pagefault): the producer hands in a fault, a worker services and acks it.
//
// Policy xe-7.0: four queues, chosen by asid % 4, one worker each; so all faults of one VM serialise on one worker.
// Thread safety: push() from any thread, EUs among them; it takes one short lock and never blocks on service.
// Ownership: entries are copied in; the queue outlives its workers, which stop() joins.
#pragma once

#include <cstdint>
#include <string>

#include "reference/svm/seams.h"
#include "reference/svm/types.h"

namespace faultline::svm {

class Device;
class Vm;
struct Policy;

inline constexpr std::uint8_t kFaultLevelNack = 0xff;  ///< XE_PAGEFAULT_LEVEL_NACK

/// struct xe_pagefault: consumer half for the service, producer half for the ack. 64 bytes, one cache line.
struct alignas(64) Pagefault {
    VirtAddr page_addr;  ///< page that faulted, 4 KiB aligned
    std::uint32_t asid = 0;
    Access access = Access::kRead;
    std::uint8_t fault_level = 0;
    std::uint8_t engine = 0;     ///< class and instance in one byte, see pack_engine() (series, patch 6)
    std::uint8_t tile = 0;       ///< whose GT faulted
    Faulter* faulter = nullptr;  ///< producer: whom to ack
    std::uint64_t cookie = 0;    ///< producer: which of its faults
};

class FaultQueues {
public:
    /// `entries` per queue: (EUs' hardware threads + engines) x 8, rounded up to a power of two, as in the kernel.
    static FaultQueues* create(Device& device, const Policy& policy, std::uint32_t entries, int* err);
    /// Services what is queued, then joins the workers.
    static void destroy(FaultQueues* queues);

    /// xe_pagefault_handler(): 0, or -ENOSPC when the queue is full ("shouldn't be possible").
    int push(const Pagefault& fault);
    /// Queues the VM's garbage collector (queue_work(pf_wq, &vm->svm.garbage_collector.work)); holds a reference until
    /// done.
    void queue_garbage_collector(Vm& vm);

    /// xe_pagefault_print_info() of every queue: what debugfs `pagefault_info` shows.
    std::string info();

    struct Impl;

private:
    FaultQueues() = default;
    ~FaultQueues() = default;
    Impl* impl_ = nullptr;
};

}  // namespace faultline::svm
