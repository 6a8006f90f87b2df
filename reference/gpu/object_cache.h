// Compiled modules on disk: $XDG_CACHE_HOME/faultline/kernels, else ~/.cache/faultline/kernels.
//
// A file is named by a hash of the SPIR-V, this library's build, LLVM's version and the processor, written beside and
// renamed, and carries a checksum: whatever is not whole or not readable counts as absent. Every failure is harmless.
// Thread safety: all functions; several processes may share the directory.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "reference/gpu/compiler.h"

namespace faultline::gpu {

std::string cache_key(std::span<const std::uint8_t> spirv);
std::optional<CompiledModule> load_cached(const std::string& key);
void store_cached(const std::string& key, const CompiledModule& module);

}  // namespace faultline::gpu
