// What every object behind a handle has in common: where it lives, and how handles and objects turn into each other.
//
// Objects are the application's: they are created and destroyed by its threads. They live in the core's arena all the
// same, because they hold locks and condition variables: in user-mode-only operation a futex on a page that is in VRAM
// fails with EFAULT, which glibc answers by aborting.
#pragma once

#include <level_zero/ze_api.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <new>
#include <string_view>

#include "reference/svm/core/arena.h"

namespace faultline::driver {

struct ArenaObject {
    static void* operator new(std::size_t size) { return svm::arena().allocate(size); }
    static void* operator new(std::size_t size, std::align_val_t alignment) {
        return svm::arena().allocate(size, static_cast<std::size_t>(alignment));
    }
    static void operator delete(void* p, std::size_t size) { svm::arena().deallocate(p, size); }
    static void operator delete(void* p, std::size_t size, std::align_val_t alignment) {
        svm::arena().deallocate(p, size, static_cast<std::size_t>(alignment));
    }
};

class Driver;
class Device;
class Context;
class CommandQueue;
class CommandList;
class Event;
struct EventPool;
class Fence;
class Module;
class BuildLog;
class Kernel;

// NOLINTBEGIN(bugprone-macro-parentheses): types
#define FL_HANDLE(Object, Handle)                                                    \
    inline Object* from(Handle handle) { return reinterpret_cast<Object*>(handle); } \
    inline Handle to_handle(Object* object) { return reinterpret_cast<Handle>(object); }
// NOLINTEND(bugprone-macro-parentheses)

FL_HANDLE(Driver, ze_driver_handle_t)
FL_HANDLE(Device, ze_device_handle_t)
FL_HANDLE(Context, ze_context_handle_t)
FL_HANDLE(CommandQueue, ze_command_queue_handle_t)
FL_HANDLE(CommandList, ze_command_list_handle_t)
FL_HANDLE(Event, ze_event_handle_t)
FL_HANDLE(EventPool, ze_event_pool_handle_t)
FL_HANDLE(Fence, ze_fence_handle_t)
FL_HANDLE(Module, ze_module_handle_t)
FL_HANDLE(BuildLog, ze_module_build_log_handle_t)
FL_HANDLE(Kernel, ze_kernel_handle_t)

#undef FL_HANDLE

/// The count-then-fetch convention: *count == 0 asks for the number, else write(index, out) produces up to *count.
template <typename T, typename Write>
ze_result_t enumerate(std::uint32_t available, std::uint32_t* count, T* out, Write write) {
    if (count == nullptr) return ZE_RESULT_ERROR_INVALID_NULL_POINTER;
    if (*count == 0) {
        *count = available;
        return ZE_RESULT_SUCCESS;
    }
    *count = std::min(*count, available);
    if (out != nullptr) {
        for (std::uint32_t i = 0; i < *count; ++i) write(i, out[i]);
    }
    return ZE_RESULT_SUCCESS;
}

/// The same for text, whose size includes the terminating zero. Longer text is cut: ZE_RESULT_ERROR_INVALID_SIZE.
inline ze_result_t copy_text(std::string_view text, std::size_t* size, char* out) {
    if (size == nullptr) return ZE_RESULT_ERROR_INVALID_NULL_POINTER;
    const std::size_t needed = text.size() + 1;
    if (*size == 0 || out == nullptr) {
        *size = needed;
        return ZE_RESULT_SUCCESS;
    }
    const std::size_t kept = std::min(*size, needed) - 1;
    std::memcpy(out, text.data(), kept);
    out[kept] = '\0';
    const bool cut = *size < needed;
    *size = kept + 1;
    return cut ? ZE_RESULT_ERROR_INVALID_SIZE : ZE_RESULT_SUCCESS;
}

/// Fills a fixed array of characters, always terminated.
template <std::size_t N>
void set_name(char (&out)[N], std::string_view text) {
    const std::size_t kept = std::min(N - 1, text.size());
    std::memcpy(out, text.data(), kept);
    std::memset(out + kept, 0, N - kept);
}

}  // namespace faultline::driver
