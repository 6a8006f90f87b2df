// Memory of each kind that a kernel can use, made so that its use costs no fault.
//
// Thread safety: a value. Ownership: owns the memory; must go before the Session.
#pragma once

#include <array>
#include <memory>
#include <optional>
#include <string_view>

#include "bench/harness/advisor.h"
#include "device/buffer.h"
#include "device/cold_buffer.h"
#include "device/session.h"

namespace faultline::bench {

enum class MemoryKind {
    kMallocDevice,  ///< anonymous memory of the process, in device memory
    kMallocSystem,  ///< the same, mapped by the device but left in system memory by advice
    kDevice,        ///< zeMemAllocDevice
    kShared,        ///< zeMemAllocShared, used by the device last
    kHost,          ///< zeMemAllocHost
};
inline constexpr std::array kMemoryKinds = {MemoryKind::kMallocDevice, MemoryKind::kMallocSystem, MemoryKind::kDevice,
                                            MemoryKind::kShared, MemoryKind::kHost};
/// "malloc_device", "malloc_system", "usm_device", "usm_shared", "usm_host".
std::string_view to_string(MemoryKind kind);

class WarmMemory {
public:
    static Expected<std::unique_ptr<WarmMemory>> create(const device::Session& session, MemoryKind kind, Bytes size);

    void* data() const { return buffer_ ? buffer_->data() : usm_->data(); }
    Bytes size() const { return size_; }
    /// Whether malloc memory is where its kind says. Where the driver does not tell: success.
    Status check(const device::Device& device) const;

private:
    WarmMemory(MemoryKind kind, Bytes size) : kind_(kind), size_(size) {}

    const MemoryKind kind_;
    const Bytes size_;
    // In this order: the advice must go before the memory.
    std::optional<device::UsmBlock> usm_;
    std::optional<device::ColdBuffer> buffer_;
    std::optional<Advisor> advisor_;
    std::optional<Advisor::Advice> advice_;
};

}  // namespace faultline::bench
