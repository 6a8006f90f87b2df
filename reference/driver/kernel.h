// A Level Zero kernel: a function of a module with the arguments and group size of its next launch.
//
// Thread safety: as Level Zero's, not to be used from several threads at once. Ownership: shares the module's code.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "reference/driver/object.h"
#include "reference/gpu/gpu.h"
#include "reference/gpu/module.h"

namespace faultline::driver {

/// What a launch takes from the kernel when it is appended: later changes do not reach it.
struct KernelState {
    std::shared_ptr<const gpu::Module> code;
    const gpu::Kernel* function = nullptr;
    std::vector<std::byte> args;  ///< the packed argument block
    gpu::Dim3 group_size;
    std::array<std::uint32_t, 3> global_offset{};
};

class Kernel : public ArenaObject {
public:
    Kernel(std::shared_ptr<const gpu::Module> code, const gpu::Kernel& function);

    const gpu::Kernel& function() const { return *state_.function; }
    const KernelState& state() const { return state_; }

    /// zeKernelSetGroupSize and zeKernelSetArgumentValue, with their errors.
    ze_result_t set_group_size(gpu::Dim3 size);
    ze_result_t set_argument(std::uint32_t index, std::size_t size, const void* value);
    void set_global_offset(std::uint32_t x, std::uint32_t y, std::uint32_t z) { state_.global_offset = {x, y, z}; }
    /// Whether a work-group's local memory, arguments included, is no more than the device has.
    bool local_memory_fits() const;
    /// A group size for `global` work-items that divides them where it can.
    gpu::Dim3 suggest_group_size(gpu::Dim3 global) const;

    ze_kernel_indirect_access_flags_t indirect_access = 0;

private:
    KernelState state_;
};

}  // namespace faultline::driver
