// One SPIR-V binary to one relocatable host object, and what is to be known of its kernels.
//
// Private to reference/gpu. Thread safety: compile() may be called from any thread; calls take turns, as the SPIR-V
// translator keeps global state.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/expected.h"
#include "reference/gpu/module.h"

namespace faultline::gpu {

struct CompiledModule {
    std::vector<Kernel> kernels;     ///< entries still null
    std::vector<bool> has_barriers;  ///< by kernel: its symbol is a KernelItemEntry
    std::string object;              ///< ELF
};

/// Symbol of a kernel's entry in the object.
std::string entry_symbol(std::string_view kernel);

/// Errors carry the build log: kBadInput for what is not valid SPIR-V or not supported.
Expected<CompiledModule> compile(std::span<const std::uint8_t> spirv);

/// Structure of the binary, checked before the translator sees it, which aborts the process on what it does not expect.
Status check_spirv(std::span<const std::uint8_t> spirv);

}  // namespace faultline::gpu
