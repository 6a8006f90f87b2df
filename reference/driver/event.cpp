#include "reference/driver/event.h"

#include "reference/driver/ddi.h"
#include "reference/driver/entry.h"

namespace faultline::driver {
namespace {

ze_result_t pool_create(ze_context_handle_t context, const ze_event_pool_desc_t* desc, std::uint32_t,
                        ze_device_handle_t*, ze_event_pool_handle_t* out) {
    if (desc == nullptr || out == nullptr) return ZE_RESULT_ERROR_INVALID_NULL_POINTER;
    if (desc->count == 0) return ZE_RESULT_ERROR_INVALID_SIZE;
    const bool timestamps = (desc->flags & ZE_EVENT_POOL_FLAG_KERNEL_TIMESTAMP) != 0;
    *out = to_handle(new EventPool{{}, from(context)->shared_from_this(), desc->count, timestamps});
    return ZE_RESULT_SUCCESS;
}

ze_result_t pool_destroy(ze_event_pool_handle_t pool) {
    delete from(pool);
    return ZE_RESULT_SUCCESS;
}

ze_result_t event_create(ze_event_pool_handle_t pool, const ze_event_desc_t* desc, ze_event_handle_t* out) {
    if (desc == nullptr || out == nullptr) return ZE_RESULT_ERROR_INVALID_NULL_POINTER;
    if (desc->index >= from(pool)->count) return ZE_RESULT_ERROR_INVALID_ARGUMENT;
    *out = to_handle(new Event(*from(pool)));
    return ZE_RESULT_SUCCESS;
}

ze_result_t event_destroy(ze_event_handle_t event) {
    delete from(event);
    return ZE_RESULT_SUCCESS;
}

ze_result_t host_signal(ze_event_handle_t handle) {
    const std::shared_ptr<Context> context = from(handle)->context().shared_from_this();
    from(handle)->signal({});
    context->progressed();
    return ZE_RESULT_SUCCESS;
}

// A signaled event is signaled even where its context was lost afterwards.
ze_result_t result_of(Event& event) {
    if (event.signaled()) return ZE_RESULT_SUCCESS;
    return event.context().lost() ? ZE_RESULT_ERROR_DEVICE_LOST : ZE_RESULT_NOT_READY;
}

ze_result_t host_synchronize(ze_event_handle_t handle, std::uint64_t timeout_ns) {
    Event& event = *from(handle);
    event.context().wait(timeout_ns, [&] { return result_of(event) != ZE_RESULT_NOT_READY; });
    return result_of(event);
}

ze_result_t query_status(ze_event_handle_t event) { return result_of(*from(event)); }

ze_result_t host_reset(ze_event_handle_t event) {
    from(event)->reset();
    return ZE_RESULT_SUCCESS;
}

ze_result_t query_kernel_timestamp(ze_event_handle_t handle, ze_kernel_timestamp_result_t* out) {
    if (out == nullptr) return ZE_RESULT_ERROR_INVALID_NULL_POINTER;
    Event& event = *from(handle);
    if (!event.timestamps()) return ZE_RESULT_ERROR_INVALID_ARGUMENT;
    const ze_result_t result = result_of(event);
    if (result == ZE_RESULT_SUCCESS) *out = timestamp_result(event.time());
    return result;
}

ze_result_t query_timestamps(ze_event_handle_t event, ze_device_handle_t device, std::uint32_t* count,
                             ze_kernel_timestamp_result_t* out) {
    if (device == nullptr) return ZE_RESULT_ERROR_INVALID_NULL_HANDLE;
    if (count == nullptr) return ZE_RESULT_ERROR_INVALID_NULL_POINTER;
    if (*count == 0 || out == nullptr) {
        *count = 1;
        return ZE_RESULT_SUCCESS;
    }
    *count = 1;
    return query_kernel_timestamp(event, out);
}

}  // namespace

void fill(ze_event_pool_dditable_t& table) {
    table.pfnCreate = entry<pool_create>;
    table.pfnDestroy = entry<pool_destroy>;
}

void fill(ze_event_dditable_t& table) {
    table.pfnCreate = entry<event_create>;
    table.pfnDestroy = entry<event_destroy>;
    table.pfnHostSignal = entry<host_signal>;
    table.pfnHostSynchronize = entry<host_synchronize>;
    table.pfnQueryStatus = entry<query_status>;
    table.pfnHostReset = entry<host_reset>;
    table.pfnQueryKernelTimestamp = entry<query_kernel_timestamp>;
}

void fill(ze_event_exp_dditable_t& table) { table.pfnQueryTimestampsExp = entry<query_timestamps>; }

}  // namespace faultline::driver
