#include "reference/driver/fence.h"

#include "reference/driver/command_queue.h"
#include "reference/driver/ddi.h"
#include "reference/driver/entry.h"

namespace faultline::driver {
namespace {

ze_result_t fence_create(ze_command_queue_handle_t queue, const ze_fence_desc_t* desc, ze_fence_handle_t* out) {
    if (desc == nullptr || out == nullptr) return ZE_RESULT_ERROR_INVALID_NULL_POINTER;
    const bool signaled = (desc->flags & ZE_FENCE_FLAG_SIGNALED) != 0;
    *out = to_handle(new Fence(from(queue)->context().shared_from_this(), signaled));
    return ZE_RESULT_SUCCESS;
}

ze_result_t fence_destroy(ze_fence_handle_t fence) {
    delete from(fence);
    return ZE_RESULT_SUCCESS;
}

ze_result_t result_of(Fence& fence) {
    if (fence.signaled()) return ZE_RESULT_SUCCESS;
    return fence.context().lost() ? ZE_RESULT_ERROR_DEVICE_LOST : ZE_RESULT_NOT_READY;
}

ze_result_t host_synchronize(ze_fence_handle_t handle, std::uint64_t timeout_ns) {
    Fence& fence = *from(handle);
    fence.context().wait(timeout_ns, [&] { return result_of(fence) != ZE_RESULT_NOT_READY; });
    return result_of(fence);
}

ze_result_t query_status(ze_fence_handle_t fence) { return result_of(*from(fence)); }

ze_result_t reset(ze_fence_handle_t fence) {
    from(fence)->reset();
    return ZE_RESULT_SUCCESS;
}

}  // namespace

void fill(ze_fence_dditable_t& table) {
    table.pfnCreate = entry<fence_create>;
    table.pfnDestroy = entry<fence_destroy>;
    table.pfnHostSynchronize = entry<host_synchronize>;
    table.pfnQueryStatus = entry<query_status>;
    table.pfnReset = entry<reset>;
}

}  // namespace faultline::driver
