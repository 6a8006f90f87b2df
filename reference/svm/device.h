// One device of the core (xe_device, one tile, one GT): VRAM, pagemap, fault queues, ASIDs, counters.
//
// Thread safety: every function may be called from any thread. Ownership: the Device owns VRAM, pagemap, queues and
// stats, and refers to mm, clock, copy engine and TLBs, which outlive it. VMs are refcounted and keep their ASID until
// closed.
#pragma once

#include <cstdint>
#include <memory_resource>
#include <unordered_map>

#include "reference/svm/clock.h"
#include "reference/svm/fault_queue.h"
#include "reference/svm/gt_stats.h"
#include "reference/svm/lock.h"
#include "reference/svm/mm.h"
#include "reference/svm/pagemap.h"
#include "reference/svm/policy.h"
#include "reference/svm/seams.h"
#include "reference/svm/vram.h"

namespace faultline::svm {

class Vm;

struct DeviceConfig {
    Mm* mm = nullptr;
    Clock* clock = nullptr;
    CopyEngine* copy_engine = nullptr;
    TlbInvalidator* tlb = nullptr;
    Policy policy;
    Bytes vram_size{512ull << 20};
    unsigned hardware_threads = 32;  ///< sizes the fault queues
    const void* owner = nullptr;     ///< interconnect owner shared with other devices; null: of its own
};

class Device {
public:
    /// Null and *err on failure (-ENOMEM).
    static Device* create(const DeviceConfig& config, int* err);
    /// REQUIRES: every VM closed and put.
    static void destroy(Device* device);

    Device(const Device&) = delete;
    Device& operator=(const Device&) = delete;

    /// xe_pagefault_handler(): queues the fault. 0 or -ENOSPC. Its faulter is acked from a worker.
    int pagefault_handler(const Pagefault& fault) { return queues_->push(fault); }
    /// Queues the VM's garbage collector on pf_wq.
    void queue_garbage_collector(Vm& vm) { queues_->queue_garbage_collector(vm); }
    /// xe_pagefault_service(): what a worker does with one fault; tests may call it directly.
    int pagefault_service(const Pagefault& fault);

    Mm& mm() { return *config_.mm; }
    Clock& clock() { return *config_.clock; }
    CopyEngine& copy_engine() { return *config_.copy_engine; }
    TlbInvalidator& tlb() { return *config_.tlb; }
    const Policy& policy() const { return config_.policy; }
    Vram& vram() { return *vram_; }
    Pagemap& pagemap() { return *pagemap_; }
    GtStats& gt_stats() { return stats_; }

    /// ASIDs (usm.asid_to_vm); the core's VMs call these.
    std::uint32_t asid_alloc(Vm* vm);
    void asid_free(std::uint32_t asid);
    /// xe_pagefault_asid_to_vm(): a reference to the VM, or null.
    Vm* asid_to_vm(std::uint32_t asid);

private:
    template <typename T, typename... Args>
    friend T* arena_new(Args&&...);
    template <typename T>
    friend void arena_delete(T*);
    explicit Device(const DeviceConfig& config);
    ~Device();

    DeviceConfig config_;
    GtStats stats_;
    Vram* vram_ = nullptr;
    Pagemap* pagemap_ = nullptr;
    FaultQueues* queues_ = nullptr;
    Mutex asid_lock_{LockRank::kQueue, "usm.lock"};
    std::pmr::unordered_map<std::uint32_t, Vm*> asid_to_vm_ FL_GUARDED_BY(asid_lock_);
    std::uint32_t next_asid_ FL_GUARDED_BY(asid_lock_) = 1;
};

}  // namespace faultline::svm
