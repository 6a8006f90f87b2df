#include "device/event.h"

#include "device/ze_result.h"

namespace faultline::device {

Expected<Event> Event::create(const Context& context) {
    Event event;
    ze_event_pool_desc_t pool_desc{};
    pool_desc.stype = ZE_STRUCTURE_TYPE_EVENT_POOL_DESC;
    pool_desc.flags = ZE_EVENT_POOL_FLAG_HOST_VISIBLE | ZE_EVENT_POOL_FLAG_KERNEL_TIMESTAMP;
    pool_desc.count = 1;
    ze_device_handle_t device = context.device().handle;
    ze_event_pool_handle_t pool = nullptr;
    ze_result_t result = zeEventPoolCreate(context.get(), &pool_desc, 1, &device, &pool);
    if (result != ZE_RESULT_SUCCESS) return call_error("zeEventPoolCreate", result);
    event.pool_ = UniqueHandle<ze_event_pool_handle_t, zeEventPoolDestroy>(pool);

    ze_event_desc_t desc{};
    desc.stype = ZE_STRUCTURE_TYPE_EVENT_DESC;
    desc.signal = ZE_EVENT_SCOPE_FLAG_HOST;
    desc.wait = ZE_EVENT_SCOPE_FLAG_HOST;
    ze_event_handle_t handle = nullptr;
    result = zeEventCreate(pool, &desc, &handle);
    if (result != ZE_RESULT_SUCCESS) return call_error("zeEventCreate", result);
    event.event_ = UniqueHandle<ze_event_handle_t, zeEventDestroy>(handle);
    return event;
}

Status Event::wait() const { return check("zeEventHostSynchronize", zeEventHostSynchronize(get(), UINT64_MAX)); }

bool Event::is_signalled() const { return zeEventQueryStatus(get()) != ZE_RESULT_NOT_READY; }

Status Event::reset() const { return check("zeEventHostReset", zeEventHostReset(get())); }

Expected<KernelTimestamps> Event::timestamps() const {
    ze_kernel_timestamp_result_t raw{};
    const ze_result_t result = zeEventQueryKernelTimestamp(get(), &raw);
    if (result != ZE_RESULT_SUCCESS) return call_error("zeEventQueryKernelTimestamp", result);
    return KernelTimestamps{raw.global.kernelStart, raw.global.kernelEnd};
}

}  // namespace faultline::device
