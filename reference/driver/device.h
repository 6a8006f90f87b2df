// One device of the driver: its software GPU, its place in zeDeviceGet order, and what became of its contexts.
//
// Thread safety: every function may be called from any thread. Ownership: owns the Gpu; lives as long as the process.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>

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

    std::uint32_t index() const { return index_; }
    gpu::Gpu& gpu() { return *gpu_; }
    svm::Device& core() { return gpu_->core(); }
    std::uint32_t queues(QueueGroup group) const;

    /// A context was lost by an error on this device, or a lost one is gone.
    void context_lost(std::string why);
    void lost_context_gone() { lost_contexts_.fetch_sub(1); }
    /// DEVICE_LOST while a lost context exists; a device that lost one serves new contexts.
    ze_result_t status() const;
    /// Why the last context was lost; empty when none was.
    std::string last_error() const;

private:
    const std::uint32_t index_;
    const std::unique_ptr<gpu::Gpu> gpu_;
    std::atomic<int> lost_contexts_{0};
    mutable std::mutex mutex_;
    std::string last_error_;
};

}  // namespace faultline::driver
