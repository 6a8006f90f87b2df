// One device of the core (xe_device): tiles, fault queues, the other workers, ASIDs, policy.
//
// Thread safety: every function may be called from any thread. Ownership: the Device owns tiles and queues and refers
// to mm, clock, engines, TLBs and topology, which outlive it. VMs are refcounted and keep their ASID until closed.
#pragma once

#include <array>
#include <cstdint>
#include <memory_resource>
#include <string>
#include <unordered_map>

#include "reference/svm/core/arena.h"
#include "reference/svm/core/lock.h"
#include "reference/svm/core/ref.h"
#include "reference/svm/core/seams.h"
#include "reference/svm/drm/drm_device.h"
#include "reference/svm/mm/mm.h"
#include "reference/svm/xe/fault_queue.h"
#include "reference/svm/xe/policy.h"
#include "reference/svm/xe/prefetch_workers.h"
#include "reference/svm/xe/tile.h"

namespace faultline::svm {

class GarbageWorker;
class Vm;

struct DeviceConfig {
    Mm* mm = nullptr;
    Clock* clock = nullptr;
    std::array<TileConfig, kMaxTiles> tiles;
    unsigned tile_count = 1;
    Policy policy;
    unsigned hardware_threads = 32;      ///< sizes the fault queues
    unsigned index = 0;                  ///< which device of the topology
    const Topology* topology = nullptr;  ///< null: no link to any other device
    AckChannel* acks = nullptr;          ///< null: acks are the faulters' own business
    bool atomics_on_smem = false;        ///< GPU atomics work on system memory too (has_device_atomics_on_smem)
};

class Device final : public DrmDevice, public FaultService {
public:
    /// Null and *err on failure (-ENOMEM).
    static ArenaPtr<Device> create(const DeviceConfig& config, int* err);
    /// REQUIRES: every VM closed and put.
    ~Device() override;

    Device(const Device&) = delete;
    Device& operator=(const Device&) = delete;

    /// xe_pagefault_handler(): queues the fault. 0 or -ENOSPC. Its faulter is acked from a worker.
    int pagefault_handler(const Pagefault& fault) { return queues_->push(fault); }
    GarbageWorker& garbage_worker() { return *garbage_; }
    /// xe_pagefault_service(): what a worker does with one fault; tests may call it directly. *serviced: the interval
    /// that is mapped now; unchanged on failure.
    int pagefault_service(const Pagefault& fault, Interval* serviced) override;
    /// debugfs `pagefault_info`, of every queue.
    std::string pagefault_info() { return queues_->info(); }

    /// Another policy: queues are made anew; VMs that exist keep what they were made with otherwise. 0, or -ENOMEM (the
    /// old one stays). REQUIRES: no fault is in flight and none is handed in meanwhile.
    int set_policy(const Policy& policy);

    Mm& mm() const { return *config_.mm; }
    const Policy& policy() const { return config_.policy; }
    const DeviceConfig& config() const { return config_; }
    unsigned tile_count() const { return config_.tile_count; }
    Tile& tile(unsigned id) { return *tiles_[id]; }
    /// xe_device_get_root_tile().
    Tile& root_tile() { return *tiles_[0]; }
    PrefetchWorkers& prefetch_workers() { return *prefetch_; }

    /// ASIDs (usm.asid_to_vm); the core's VMs call these.
    std::uint32_t asid_alloc(Vm* vm);
    void asid_free(std::uint32_t asid);
    /// xe_pagefault_asid_to_vm(): a reference to the VM, or none.
    Ref<Vm> asid_to_vm(std::uint32_t asid);

private:
    friend struct ArenaAccess;
    explicit Device(const DeviceConfig& config);
    int init();
    ArenaPtr<FaultQueues> make_queues(const Policy& policy, int* err);

    DeviceConfig config_;
    // Destroyed from the last one on: faults are served to the end before the other workers and the tiles go.
    std::array<ArenaPtr<Tile>, kMaxTiles> tiles_;
    ArenaPtr<PrefetchWorkers> prefetch_;
    ArenaPtr<GarbageWorker> garbage_;
    ArenaPtr<FaultQueues> queues_;
    Mutex asid_lock_{LockRank::kQueue, "usm.lock"};
    std::pmr::unordered_map<std::uint32_t, Vm*> asid_to_vm_ FL_GUARDED_BY(asid_lock_);
    std::uint32_t next_asid_ FL_GUARDED_BY(asid_lock_) = 1;
};

/// xe_has_interconnect(): the same device, or a fast link that the policies of both want.
bool has_interconnect(const Peer& a, const Peer& b);

}  // namespace faultline::svm
