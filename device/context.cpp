#include "device/context.h"

#include "device/ze_result.h"

namespace faultline::device {

Expected<Context> Context::create(const Device& device) {
    ze_context_desc_t desc{};
    desc.stype = ZE_STRUCTURE_TYPE_CONTEXT_DESC;
    ze_context_handle_t handle = nullptr;
    const ze_result_t result = zeContextCreate(device.driver, &desc, &handle);
    if (result != ZE_RESULT_SUCCESS) return call_error("zeContextCreate", result);
    Context context;
    context.handle_ = UniqueHandle<ze_context_handle_t, zeContextDestroy>(handle);
    context.device_ = device;
    return context;
}

}  // namespace faultline::device
