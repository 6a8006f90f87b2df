#include "reference/svm/device.h"

#include <cerrno>
#include <new>

#include "reference/svm/arena.h"
#include "reference/svm/vm.h"

namespace faultline::svm {
namespace {

constexpr unsigned kHardwareEngines = 6;  // XE_NUM_HW_ENGINES, as far as this device has them: one compute, some copy
constexpr unsigned kFaultsPerThread = 8;  // the kernel's factor over EUs and engines

}  // namespace

Device::Device(const DeviceConfig& config) : config_(config), asid_to_vm_(&arena()) {}

Device::~Device() = default;

Device* Device::create(const DeviceConfig& config, int* err) {
    Device* device = nullptr;
    *err = 0;
    try {
        device = arena_new<Device>(config);
        device->vram_ = Vram::create(config.vram_size, err);
        if (*err == 0) {
            PagemapConfig pagemap;
            pagemap.mm = config.mm;
            pagemap.vram = device->vram_;
            pagemap.engine = config.copy_engine;
            pagemap.stats = &device->stats_;
            pagemap.clock = config.clock;
            pagemap.owner = config.owner != nullptr ? config.owner : device;
            device->pagemap_ = Pagemap::create(pagemap, err);
        }
        if (*err == 0)
            device->queues_ = FaultQueues::create(*device, config.policy.queue_count,
                                                  (config.hardware_threads + kHardwareEngines) * kFaultsPerThread, err);
    } catch (const std::bad_alloc&) {
        *err = -ENOMEM;
    }
    if (*err != 0 && device != nullptr) {
        destroy(device);
        device = nullptr;
    }
    return device;
}

void Device::destroy(Device* device) {
    if (device->queues_ != nullptr) FaultQueues::destroy(device->queues_);
    if (device->pagemap_ != nullptr) Pagemap::destroy(device->pagemap_);
    if (device->vram_ != nullptr) Vram::destroy(device->vram_);
    arena_delete(device);
}

/// xe_pagefault_service().
int Device::pagefault_service(const Pagefault& fault) {
    Vm* vm = asid_to_vm(fault.asid);
    if (vm == nullptr) return -EINVAL;
    const int err = vm->handle_fault(fault);
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

}  // namespace faultline::svm
