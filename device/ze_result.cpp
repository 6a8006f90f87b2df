#include "device/ze_result.h"

#include <fmt/format.h>

#include <cstdint>

namespace faultline::device {
namespace {

const char* name_of(ze_result_t result) {
    switch (result) {
#define FL_NAME(code) \
    case code:        \
        return #code
        FL_NAME(ZE_RESULT_SUCCESS);
        FL_NAME(ZE_RESULT_NOT_READY);
        FL_NAME(ZE_RESULT_ERROR_DEVICE_LOST);
        FL_NAME(ZE_RESULT_ERROR_OUT_OF_HOST_MEMORY);
        FL_NAME(ZE_RESULT_ERROR_OUT_OF_DEVICE_MEMORY);
        FL_NAME(ZE_RESULT_ERROR_MODULE_BUILD_FAILURE);
        FL_NAME(ZE_RESULT_ERROR_MODULE_LINK_FAILURE);
        FL_NAME(ZE_RESULT_ERROR_INSUFFICIENT_PERMISSIONS);
        FL_NAME(ZE_RESULT_ERROR_NOT_AVAILABLE);
        FL_NAME(ZE_RESULT_ERROR_DEPENDENCY_UNAVAILABLE);
        FL_NAME(ZE_RESULT_ERROR_UNINITIALIZED);
        FL_NAME(ZE_RESULT_ERROR_UNSUPPORTED_VERSION);
        FL_NAME(ZE_RESULT_ERROR_UNSUPPORTED_FEATURE);
        FL_NAME(ZE_RESULT_ERROR_INVALID_ARGUMENT);
        FL_NAME(ZE_RESULT_ERROR_INVALID_NULL_HANDLE);
        FL_NAME(ZE_RESULT_ERROR_INVALID_NULL_POINTER);
        FL_NAME(ZE_RESULT_ERROR_INVALID_SIZE);
        FL_NAME(ZE_RESULT_ERROR_UNSUPPORTED_SIZE);
        FL_NAME(ZE_RESULT_ERROR_UNSUPPORTED_ALIGNMENT);
        FL_NAME(ZE_RESULT_ERROR_INVALID_ENUMERATION);
        FL_NAME(ZE_RESULT_ERROR_UNSUPPORTED_ENUMERATION);
        FL_NAME(ZE_RESULT_ERROR_INVALID_NATIVE_BINARY);
        FL_NAME(ZE_RESULT_ERROR_INVALID_KERNEL_NAME);
        FL_NAME(ZE_RESULT_ERROR_INVALID_GROUP_SIZE_DIMENSION);
        FL_NAME(ZE_RESULT_ERROR_INVALID_KERNEL_ARGUMENT_INDEX);
        FL_NAME(ZE_RESULT_ERROR_INVALID_KERNEL_ARGUMENT_SIZE);
        FL_NAME(ZE_RESULT_ERROR_OVERLAPPING_REGIONS);
        FL_NAME(ZE_RESULT_ERROR_UNKNOWN);
#undef FL_NAME
        default:
            return nullptr;
    }
}

}  // namespace

std::string describe(ze_result_t result) {
    const auto code = static_cast<std::uint32_t>(result);
    const char* name = name_of(result);
    return name == nullptr ? fmt::format("{:#x}", code) : fmt::format("{} ({:#x})", name, code);
}

Error call_error(std::string_view call, ze_result_t result) {
    return {ErrorKind::kDevice, fmt::format("{}: {}", call, describe(result))};
}

}  // namespace faultline::device
