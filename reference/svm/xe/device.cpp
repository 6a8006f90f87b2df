#include "reference/svm/xe/device.h"

#include <cerrno>
#include <new>

#include "reference/svm/core/arena.h"
#include "reference/svm/xe/garbage_worker.h"
#include "reference/svm/xe/vm.h"

namespace faultline::svm {
namespace {

constexpr unsigned kHardwareEngines = 6;  // XE_NUM_HW_ENGINES, as far as this device has them: one compute, some copy
constexpr unsigned kFaultsPerThread = 8;  // the kernel's factor over EUs and engines

}  // namespace

Device::Device(const DeviceConfig& config) : DrmDevice(*config.clock), config_(config), asid_to_vm_(&arena()) {}

Device::~Device() = default;

FaultQueues* Device::make_queues(const Policy& policy, int* err) {
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
        tiles_[id] = arena_new<Tile>(*this, id, config_.tiles[id]);
        if (const int err = tiles_[id]->init(); err != 0) return err;
    }
    garbage_ = arena_new<GarbageWorker>();
    if (const int err = garbage_->start(); err != 0) return err;
    prefetch_ = arena_new<PrefetchWorkers>();
    if (const int err = prefetch_->start(); err != 0) return err;
    int err = 0;
    queues_ = make_queues(config_.policy, &err);
    return err;
}

Device* Device::create(const DeviceConfig& config, int* err) {
    Device* device = nullptr;
    try {
        device = arena_new<Device>(config);
        *err = device->init();
    } catch (const std::bad_alloc&) {
        *err = -ENOMEM;
    }
    if (*err == 0) return device;
    if (device != nullptr) destroy(device);
    return nullptr;
}

void Device::destroy(Device* device) {
    if (device->queues_ != nullptr) FaultQueues::destroy(device->queues_);
    arena_delete(device->garbage_);
    arena_delete(device->prefetch_);
    for (Tile* tile : device->tiles_) arena_delete(tile);
    arena_delete(device);
}

int Device::set_policy(const Policy& policy) {
    int err = 0;
    FaultQueues* queues = make_queues(policy, &err);
    if (err != 0) return err;
    FaultQueues::destroy(queues_);
    queues_ = queues;
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
    Vm* vm = asid_to_vm(fault.asid);
    if (vm == nullptr) return -EINVAL;
    const int err = vm->handle_fault(fault, serviced);
    vm->put();
    return err;
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

Vm* Device::asid_to_vm(std::uint32_t asid) {
    MutexLock guard(asid_lock_);
    const auto it = asid_to_vm_.find(asid);
    return it == asid_to_vm_.end() ? nullptr : it->second->get();
}

bool has_interconnect(const Peer& a, const Peer& b) {
    if (&a.device == &b.device) return true;
    const DeviceConfig& one = static_cast<const Device&>(a.device).config();
    const DeviceConfig& other = static_cast<const Device&>(b.device).config();
    return one.policy.interconnect && other.policy.interconnect && one.topology != nullptr &&
           one.topology == other.topology && one.topology->has_link(one.index, other.index);
}

}  // namespace faultline::svm
