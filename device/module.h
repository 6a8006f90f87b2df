// A module built from the SPIR-V that faultline_kernel() embeds, and its kernels.
//
// Thread safety: a Module is immutable; a Kernel holds argument state and belongs to one thread at a time. Ownership: a
// Kernel must go before its Module, a Module before its Context.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <type_traits>

#include "base/expected.h"
#include "device/context.h"
#include "device/handle.h"

namespace faultline::device {

class Kernel {
public:
    /// Sets all arguments in order: pointers (malloc or USM alike) and plain values, each by its own size. The types
    /// must be the kernel's: an `ulong` takes a std::uint64_t.
    template <typename... Args>
    Status set_arguments(const Args&... args) {
        static_assert((std::is_trivially_copyable_v<Args> && ...));
        std::uint32_t index = 0;
        Status status;
        (void)((status = set_argument(index++, sizeof(Args), &args), status.ok()) && ...);
        return status;
    }
    /// Work-items per work-group. REQUIRES: before the launch that it is for.
    Status set_group_size(std::uint32_t x);

    ze_kernel_handle_t get() const { return handle_.get(); }
    const std::string& name() const { return name_; }

private:
    friend class Module;
    Status set_argument(std::uint32_t index, std::size_t size, const void* value);

    UniqueHandle<ze_kernel_handle_t, zeKernelDestroy> handle_;
    std::string name_;
};

class Module {
public:
    /// On failure the error holds the build log on one line.
    static Expected<Module> create(const Context& context, std::span<const std::uint8_t> spirv);

    /// The kernel of that name, with a group size of one work-item.
    Expected<Kernel> kernel(const std::string& name) const;

private:
    UniqueHandle<ze_module_handle_t, zeModuleDestroy> handle_;
};

}  // namespace faultline::device
