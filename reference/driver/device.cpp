#include "reference/driver/device.h"

#include <ctime>

#include "reference/driver/ddi.h"
#include "reference/driver/device_properties.h"
#include "reference/driver/driver.h"
#include "reference/driver/entry.h"

namespace faultline::driver {

Device::Device(std::uint32_t index, std::unique_ptr<gpu::Gpu> gpu)
    : index_(index), owned_(std::move(gpu)), gpu_(owned_.get()) {
    const unsigned tiles = gpu_->model().tiles;
    for (unsigned tile = 0; tiles > 1 && tile < tiles; ++tile)
        sub_devices_.push_back(std::unique_ptr<Device>(new Device(*this, tile)));
}

Device::Device(Device& root, unsigned tile) : index_(root.index_), gpu_(root.gpu_), root_(&root), home_(tile) {}

svm::TileMask Device::tiles() const {
    return root_ == nullptr ? gpu::kAllTiles : static_cast<svm::TileMask>(1u << home_);
}

std::uint32_t Device::queues(QueueGroup group) const {
    return group == QueueGroup::kCompute ? kComputeQueues : gpu_->model().copy_engines;
}

void Device::context_lost(std::string why) {
    if (root_ != nullptr) return root_->context_lost(std::move(why));
    lost_contexts_.fetch_add(1);
    const std::lock_guard lock(mutex_);
    last_error_ = std::move(why);
}

void Device::lost_context_gone() {
    if (root_ != nullptr) return root_->lost_context_gone();
    lost_contexts_.fetch_sub(1);
}

ze_result_t Device::status() const {
    if (root_ != nullptr) return root_->status();
    return lost_contexts_.load() != 0 ? ZE_RESULT_ERROR_DEVICE_LOST : ZE_RESULT_SUCCESS;
}

std::string Device::last_error() const {
    if (root_ != nullptr) return root_->last_error();
    const std::lock_guard lock(mutex_);
    return last_error_;
}

namespace {

ze_result_t device_get(ze_driver_handle_t driver, std::uint32_t* count, ze_device_handle_t* out) {
    const auto& devices = from(driver)->devices();
    return enumerate(static_cast<std::uint32_t>(devices.size()), count, out,
                     [&](std::uint32_t i, ze_device_handle_t& device) { device = to_handle(devices[i].get()); });
}

ze_result_t get_sub_devices(ze_device_handle_t device, std::uint32_t* count, ze_device_handle_t* out) {
    const auto& tiles = from(device)->sub_devices();
    return enumerate(static_cast<std::uint32_t>(tiles.size()), count, out,
                     [&](std::uint32_t i, ze_device_handle_t& tile) { tile = to_handle(tiles[i].get()); });
}

ze_result_t get_status(ze_device_handle_t device) { return from(device)->status(); }

ze_result_t get_global_timestamps(ze_device_handle_t device, std::uint64_t* host, std::uint64_t* ticks) {
    if (host == nullptr || ticks == nullptr) return ZE_RESULT_ERROR_INVALID_NULL_POINTER;
    timespec now{};
    clock_gettime(CLOCK_MONOTONIC_RAW, &now);
    *ticks = from(device)->gpu().clock_ticks();
    *host = static_cast<std::uint64_t>(now.tv_sec) * 1'000'000'000u + static_cast<std::uint64_t>(now.tv_nsec);
    return ZE_RESULT_SUCCESS;
}

ze_result_t can_access_peer(ze_device_handle_t device, ze_device_handle_t peer, ze_bool_t* value) {
    if (peer == nullptr) return ZE_RESULT_ERROR_INVALID_NULL_HANDLE;
    if (value == nullptr) return ZE_RESULT_ERROR_INVALID_NULL_POINTER;
    *value = Driver::instance()->has_link(from(device)->index(), from(peer)->index()) ? 1 : 0;
    return ZE_RESULT_SUCCESS;
}

ze_result_t get_p2p_properties(ze_device_handle_t device, ze_device_handle_t peer,
                               ze_device_p2p_properties_t* properties) {
    if (peer == nullptr) return ZE_RESULT_ERROR_INVALID_NULL_HANDLE;
    if (properties == nullptr) return ZE_RESULT_ERROR_INVALID_NULL_POINTER;
    // A mapping of a peer's memory permits no atomics: they migrate.
    const bool access = Driver::instance()->has_link(from(device)->index(), from(peer)->index());
    properties->flags =
        (access ? ZE_DEVICE_P2P_PROPERTY_FLAG_ACCESS : 0) | (device == peer ? ZE_DEVICE_P2P_PROPERTY_FLAG_ATOMICS : 0);
    return ZE_RESULT_SUCCESS;
}

}  // namespace

void fill(ze_device_dditable_t& table) {
    table.pfnGet = entry<device_get>;
    table.pfnGetSubDevices = entry<get_sub_devices>;
    table.pfnCanAccessPeer = entry<can_access_peer>;
    table.pfnGetP2PProperties = entry<get_p2p_properties>;
    table.pfnGetStatus = entry<get_status>;
    table.pfnGetGlobalTimestamps = entry<get_global_timestamps>;
    fill_properties(table);
}

}  // namespace faultline::driver
