// SPIR-V to host code: a Module holds the kernels of one binary, each access to global memory routed through the TLB.
//
// Thread safety: immutable after create(). Ownership: a Module owns its code; Kernels live as long as it.
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

enum class ArgKind : std::uint8_t { kValue, kGlobalPointer, kLocalPointer };

struct KernelArg {
    ArgKind kind = ArgKind::kValue;
    std::uint32_t size = 0;    ///< bytes in the argument block
    std::uint32_t offset = 0;  ///< in the argument block
};

/// Runs work-items of one work-group. Entered on an EU with its context; suspends inside when an access faults.
struct WorkGroupInfo;
using KernelEntry = void (*)(EuContext* eu, const void* args, const WorkGroupInfo* group);

struct Kernel {
    std::string name;
    std::vector<KernelArg> args;
    std::uint32_t args_size = 0;
    std::uint32_t required_group_size[3] = {0, 0, 0};  ///< reqd_work_group_size, 0: any
    KernelEntry entry = nullptr;
};

class Module {
public:
    /// Translates and compiles. On failure the error's message is the build log, which names each unsupported
    /// instruction. 35-75 ms a module, so compiled code is cached on disk where a cache directory can be written.
    static Expected<std::unique_ptr<Module>> create(std::span<const std::uint8_t> spirv);
    ~Module();

    /// Null when there is no such kernel.
    const Kernel* kernel(std::string_view name) const;
    std::vector<std::string> kernel_names() const;

private:
    struct Impl;
    explicit Module(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> impl_;
};

}  // namespace faultline::gpu
