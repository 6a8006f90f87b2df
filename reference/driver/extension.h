// The functions of device/faultline_ext.h, found by name.
#pragma once

#include <string_view>

namespace faultline::driver {

/// Null for an unknown name.
void* extension_function(std::string_view name);

}  // namespace faultline::driver
