// Level Zero's result codes as text and as errors.
//
// Thread safety: stateless.
#pragma once

#include <level_zero/ze_api.h>

#include <string>
#include <string_view>

#include "base/expected.h"

namespace faultline::device {

/// "ZE_RESULT_ERROR_DEVICE_LOST (0x70000001)"; unknown codes as hexadecimal alone.
std::string describe(ze_result_t result);

/// "zeKernelCreate: ZE_RESULT_..." with ErrorKind::kDevice.
Error call_error(std::string_view call, ze_result_t result);

/// Success, or call_error().
inline Status check(std::string_view call, ze_result_t result) {
    if (result == ZE_RESULT_SUCCESS) return {};
    return call_error(call, result);
}

}  // namespace faultline::device
