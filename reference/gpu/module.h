// SPIR-V to host code: a Module holds the kernels of one binary, each access to global memory routed through the TLB.
//
// Thread safety: immutable after create(); create() itself may run in several threads (translation is serialised).
// Ownership: a Module owns its code, which lives in arena memory; Kernels live as long as it.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/expected.h"

namespace faultline::gpu {

struct EuContext;
struct WorkGroupInfo;

enum class ArgKind : std::uint8_t { kValue, kGlobalPointer, kLocalPointer };

/// One argument. In the argument block a global pointer is its address, a local pointer its size in bytes (8 bytes
/// each).
struct KernelArg {
    ArgKind kind = ArgKind::kValue;
    std::uint32_t size = 0;    ///< bytes in the argument block
    std::uint32_t offset = 0;  ///< in the argument block
};

/// Runs every work-item of one work-group. Entered on an EU with its context; suspends inside when an access faults.
using KernelEntry = void (*)(EuContext* eu, const void* args, const WorkGroupInfo* group);
/// Runs one work-item; for kernels with barriers, whose work-items have a stack each.
using KernelItemEntry = void (*)(EuContext* eu, const void* args, const WorkGroupInfo* group, std::uint64_t local_x,
                                 std::uint64_t local_y, std::uint64_t local_z);

struct Kernel {
    std::string name;
    std::vector<KernelArg> args;
    std::uint32_t args_size = 0;
    std::uint32_t required_group_size[3] = {0, 0, 0};  ///< reqd_work_group_size, 0: any
    std::uint32_t local_size = 0;                      ///< bytes of local variables, without local arguments
    std::uint32_t private_size = 0;                    ///< bytes of private variables of one work-item, at least
    KernelEntry entry = nullptr;                       ///< null: the kernel has barriers
    KernelItemEntry item_entry = nullptr;              ///< null: it has none
    std::uint64_t image_begin = 0;                     ///< the module's code and constants
    std::uint64_t image_end = 0;
};

/// Local arguments and variables start at multiples of this.
inline constexpr std::uint32_t kLocalAlignment = 128;

class Module {
public:
    /// Translates and compiles. On failure the error's message is the build log, which names each unsupported
    /// instruction. 35-75 ms a module, so compiled code is cached on disk where a cache directory can be written.
    /// Malformed binaries are kBadInput.
    static Expected<std::unique_ptr<Module>> create(std::span<const std::uint8_t> spirv);
    ~Module();

    /// Null when there is no such kernel.
    const Kernel* kernel(std::string_view name) const;
    std::vector<std::string> kernel_names() const;
    /// Whether the code came from the disk cache.
    bool from_cache() const;

    struct Impl;

private:
    explicit Module(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> impl_;
};

}  // namespace faultline::gpu
