// The models of reference/gpu/models, whose texts the build puts into the library.
#pragma once

#include <span>
#include <string_view>

namespace faultline::gpu {

struct BuiltinModel {
    std::string_view name;
    std::string_view text;  ///< TOML
};
std::span<const BuiltinModel> builtin_models();

}  // namespace faultline::gpu
