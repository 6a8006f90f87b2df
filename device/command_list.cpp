#include "device/command_list.h"

#include <fmt/format.h>

#include <vector>

#include "device/ze_result.h"

namespace faultline::device {
namespace {

ze_event_handle_t handle_of(const Event* event) { return event == nullptr ? nullptr : event->get(); }

// ZE_MEMORY_ADVICE_SET_SYSTEM_MEMORY_PREFERRED_LOCATION of headers later than the loader's.
constexpr auto kSetSystemMemoryPreferred = static_cast<ze_memory_advice_t>(8);

Expected<std::uint32_t> compute_ordinal(ze_device_handle_t device) {
    std::uint32_t count = 0;
    ze_result_t result = zeDeviceGetCommandQueueGroupProperties(device, &count, nullptr);
    if (result != ZE_RESULT_SUCCESS) return call_error("zeDeviceGetCommandQueueGroupProperties", result);
    std::vector<ze_command_queue_group_properties_t> groups(count);
    for (auto& g : groups) g.stype = ZE_STRUCTURE_TYPE_COMMAND_QUEUE_GROUP_PROPERTIES;
    result = zeDeviceGetCommandQueueGroupProperties(device, &count, groups.data());
    if (result != ZE_RESULT_SUCCESS) return call_error("zeDeviceGetCommandQueueGroupProperties", result);
    for (std::uint32_t i = 0; i < count; ++i) {
        if ((groups[i].flags & ZE_COMMAND_QUEUE_GROUP_PROPERTY_FLAG_COMPUTE) != 0 && groups[i].numQueues > 0) return i;
    }
    return Error{ErrorKind::kDevice, "the device has no compute queue"};
}

}  // namespace

Expected<CommandList> CommandList::create(const Context& context) {
    FL_ASSIGN_OR_RETURN(std::uint32_t ordinal, compute_ordinal(context.device().handle));
    ze_command_queue_desc_t desc{};
    desc.stype = ZE_STRUCTURE_TYPE_COMMAND_QUEUE_DESC;
    desc.ordinal = ordinal;
    desc.mode = ZE_COMMAND_QUEUE_MODE_ASYNCHRONOUS;
    desc.priority = ZE_COMMAND_QUEUE_PRIORITY_NORMAL;
    ze_command_list_handle_t handle = nullptr;
    const ze_result_t result = zeCommandListCreateImmediate(context.get(), context.device().handle, &desc, &handle);
    if (result != ZE_RESULT_SUCCESS) return call_error("zeCommandListCreateImmediate", result);
    CommandList list;
    list.device_ = context.device().handle;
    list.handle_ = UniqueHandle<ze_command_list_handle_t, zeCommandListDestroy>(handle);
    return list;
}

Status CommandList::launch(const Kernel& kernel, std::uint32_t groups, const Event* signal) {
    const ze_group_count_t count{groups, 1, 1};
    const ze_result_t result =
        zeCommandListAppendLaunchKernel(get(), kernel.get(), &count, handle_of(signal), 0, nullptr);
    if (result == ZE_RESULT_SUCCESS) return {};
    return call_error(fmt::format("zeCommandListAppendLaunchKernel({})", kernel.name()), result);
}

Status CommandList::barrier(const Event* signal) {
    return check("zeCommandListAppendBarrier", zeCommandListAppendBarrier(get(), handle_of(signal), 0, nullptr));
}

Status CommandList::copy(void* destination, const void* source, Bytes size, const Event* signal) {
    return check("zeCommandListAppendMemoryCopy",
                 zeCommandListAppendMemoryCopy(get(), destination, source, size.count, handle_of(signal), 0, nullptr));
}

Status CommandList::prefetch(const void* start, Bytes size) {
    return check("zeCommandListAppendMemoryPrefetch", zeCommandListAppendMemoryPrefetch(get(), start, size.count));
}

Status CommandList::prefer(const void* start, Bytes size, const Device* device) {
    return check("zeCommandListAppendMemAdvise",
                 zeCommandListAppendMemAdvise(
                     get(), device == nullptr ? device_ : device->handle, start, size.count,
                     device == nullptr ? kSetSystemMemoryPreferred : ZE_MEMORY_ADVICE_SET_PREFERRED_LOCATION));
}

Status CommandList::prefer_default(const void* start, Bytes size) {
    return check(
        "zeCommandListAppendMemAdvise",
        zeCommandListAppendMemAdvise(get(), device_, start, size.count, ZE_MEMORY_ADVICE_CLEAR_PREFERRED_LOCATION));
}

}  // namespace faultline::device
