// Life of a device, its change of policy, and the way from a fault's ASID to its VM.

#include "reference/svm/xe/device.h"

#include <cerrno>
#include <utility>

#include "reference/svm/xe/garbage_worker.h"
#include "reference/svm/xe/vm.h"

namespace faultline::svm {
namespace {

constexpr unsigned kHardwareEngines = 6;  // XE_NUM_HW_ENGINES, as far as this device has them: one compute, some copy
constexpr unsigned kFaultsPerThread = 8;  // the kernel's factor over EUs and engines

}  // namespace

Device::Device(const DeviceConfig& config) : DrmDevice(*config.clock), config_(config), asid_to_vm_(&arena()) {}

Device::~Device() = default;

ArenaPtr<FaultQueues> Device::make_queues(const Policy& policy, int* err) {
    FaultQueueConfig config;
    config.service = this;
    config.stats = &root_tile().gt_stats();
    config.clock = config_.clock;
    config.acks = config_.acks;
    config.entries = (config_.hardware_threads + kHardwareEngines) * kFaultsPerThread;
    return FaultQueues::create(config, policy, err);
}

int Device::init() {
    for (unsigned id = 0; id < config_.tile_count; ++id) {
        tiles_[id] = make_arena<Tile>(*this, id, config_.tiles[id]);
        if (tiles_[id] == nullptr) return -ENOMEM;
        if (const int err = tiles_[id]->init(); err != 0) return err;
    }
    garbage_ = make_arena<GarbageWorker>();
    prefetch_ = make_arena<PrefetchWorkers>();
    if (garbage_ == nullptr || prefetch_ == nullptr) return -ENOMEM;
    if (const int err = garbage_->start(); err != 0) return err;
    if (const int err = prefetch_->start(); err != 0) return err;
    int err = 0;
    queues_ = make_queues(config_.policy, &err);
    return err;
}

ArenaPtr<Device> Device::create(const DeviceConfig& config, int* err) {
    auto device = make_arena<Device>(config);
    *err = device != nullptr ? device->init() : -ENOMEM;
    return *err == 0 ? std::move(device) : nullptr;
}

int Device::set_policy(const Policy& policy) {
    int err = 0;
    auto queues = make_queues(policy, &err);
    if (err != 0) return err;
    queues_ = std::move(queues);
    const bool same_peers = config_.policy.interconnect == policy.interconnect;
    config_.policy = policy;
    for (unsigned id = 0; id < config_.tile_count && err == 0; ++id) {
        tiles_[id]->pagemap().set_source_peer_migrates(policy.migrate_side == MigrateSide::kSource);
        if (!same_peers) err = tiles_[id]->renew_owner();
    }
    return err;
}

/// xe_pagefault_service().
int Device::pagefault_service(const Pagefault& fault, Interval* serviced) {
    if (fault.fault_level == kFaultLevelNack) return -EFAULT;  // the producer wants it refused
    const Ref<Vm> vm = asid_to_vm(fault.asid);
    return vm != nullptr ? vm->handle_fault(fault, serviced) : -EINVAL;
}

std::uint32_t Device::asid_alloc(Vm* vm) {
    MutexLock guard(asid_lock_);
    while (next_asid_ == 0 || asid_to_vm_.contains(next_asid_)) ++next_asid_;
    asid_to_vm_.emplace(next_asid_, vm);
    return next_asid_++;
}

void Device::asid_free(std::uint32_t asid) {
    MutexLock guard(asid_lock_);
    asid_to_vm_.erase(asid);
}

Ref<Vm> Device::asid_to_vm(std::uint32_t asid) {
    // The reference is taken under the lock: close() takes the VM out of the map before it drops its own.
    MutexLock guard(asid_lock_);
    const auto it = asid_to_vm_.find(asid);
    return it == asid_to_vm_.end() ? Ref<Vm>() : Ref<Vm>(it->second);
}

bool has_interconnect(const Peer& a, const Peer& b) {
    if (&a.device == &b.device) return true;
    const DeviceConfig& one = static_cast<const Device&>(a.device).config();
    const DeviceConfig& other = static_cast<const Device&>(b.device).config();
    return one.policy.interconnect && other.policy.interconnect && one.topology != nullptr &&
           one.topology == other.topology && one.topology->has_link(one.index, other.index);
}

}  // namespace faultline::svm
