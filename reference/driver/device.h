// One device of the driver: its software GPU, its place in zeDeviceGet order, and what became of its contexts. Or one
// tile of a device that has several, which Level Zero calls a sub-device.
//
// Thread safety: every function may be called from any thread. Ownership: a root device owns the Gpu and its
// sub-devices; it lives as long as the process.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "reference/driver/object.h"
#include "reference/gpu/gpu.h"

namespace faultline::driver {

/// Command queue groups, by ordinal.
enum class QueueGroup : std::uint32_t { kCompute = 0, kCopy = 1 };
inline constexpr std::uint32_t kQueueGroups = 2;
inline constexpr std::uint32_t kComputeQueues = 4;

class Device : public ArenaObject {
public:
    Device(std::uint32_t index, std::unique_ptr<gpu::Gpu> gpu);

    /// The root device's.
    std::uint32_t index() const { return index_; }
    gpu::Gpu& gpu() { return *gpu_; }
    svm::Device& core() { return gpu_->core(); }

    /// Null for a root device.
    Device* root() const { return root_; }
    /// Empty where there is one tile.
    const std::vector<std::unique_ptr<Device>>& sub_devices() const { return sub_devices_; }
    /// Where its memory is allocated and its copies are made: a root device's first tile.
    unsigned home() const { return home_; }
    svm::Tile& home_tile() { return core().tile(home_); }
    /// The tiles whose EUs run its kernels and whose VRAM is its memory.
    svm::TileMask tiles() const;
    unsigned tile_count() const { return root_ != nullptr ? 1 : gpu_->model().tiles; }

    std::uint32_t queues(QueueGroup group) const;

    /// A context was lost by an error on this device, or a lost one is gone.
    void context_lost(std::string why);
    void lost_context_gone();
    /// DEVICE_LOST while a lost context exists; a device that lost one serves new contexts.
    ze_result_t status() const;
    /// Why the last context was lost; empty when none was.
    std::string last_error() const;

private:
    Device(Device& root, unsigned tile);

    const std::uint32_t index_;
    const std::unique_ptr<gpu::Gpu> owned_;  ///< null in a sub-device
    gpu::Gpu* const gpu_;
    Device* const root_ = nullptr;
    const unsigned home_ = 0;
    std::vector<std::unique_ptr<Device>> sub_devices_;
    std::atomic<int> lost_contexts_{0};
    mutable std::mutex mutex_;
    std::string last_error_;
};

}  // namespace faultline::driver
