#include "reference/driver/command_queue.h"

#include "reference/driver/command_list.h"
#include "reference/driver/ddi.h"
#include "reference/driver/entry.h"

namespace faultline::driver {

ze_result_t open_queue(Context& context, Device& device, const ze_command_queue_desc_t& desc,
                       std::unique_ptr<CommandQueue>* out) {
    if (desc.ordinal >= kQueueGroups) return ZE_RESULT_ERROR_INVALID_ARGUMENT;
    const auto group = static_cast<QueueGroup>(desc.ordinal);
    if (desc.index >= device.queues(group)) return ZE_RESULT_ERROR_INVALID_ARGUMENT;
    if (context.lost()) return ZE_RESULT_ERROR_DEVICE_LOST;
    std::unique_ptr<Executor> executor = Executor::create(context.shared_from_this(), device);
    if (executor == nullptr) return ZE_RESULT_ERROR_OUT_OF_HOST_MEMORY;
    *out = std::make_unique<CommandQueue>(std::move(executor), group, desc.mode == ZE_COMMAND_QUEUE_MODE_SYNCHRONOUS);
    return ZE_RESULT_SUCCESS;
}

namespace {

ze_result_t queue_create(ze_context_handle_t context, ze_device_handle_t device, const ze_command_queue_desc_t* desc,
                         ze_command_queue_handle_t* out) {
    if (device == nullptr) return ZE_RESULT_ERROR_INVALID_NULL_HANDLE;
    if (desc == nullptr || out == nullptr) return ZE_RESULT_ERROR_INVALID_NULL_POINTER;
    std::unique_ptr<CommandQueue> queue;
    const ze_result_t result = open_queue(*from(context), *from(device), *desc, &queue);
    if (result == ZE_RESULT_SUCCESS) *out = to_handle(queue.release());
    return result;
}

ze_result_t queue_destroy(ze_command_queue_handle_t queue) {
    delete from(queue);
    return ZE_RESULT_SUCCESS;
}

ze_result_t execute_command_lists(ze_command_queue_handle_t handle, std::uint32_t count,
                                  ze_command_list_handle_t* lists, ze_fence_handle_t fence) {
    if (lists == nullptr) return ZE_RESULT_ERROR_INVALID_NULL_POINTER;
    if (count == 0) return ZE_RESULT_ERROR_INVALID_SIZE;
    CommandQueue& queue = *from(handle);
    if (queue.context().lost()) return ZE_RESULT_ERROR_DEVICE_LOST;
    std::vector<std::shared_ptr<const CommandSequence>> sequences;
    sequences.reserve(count);
    for (std::uint32_t i = 0; i < count; ++i) {
        if (lists[i] == nullptr) return ZE_RESULT_ERROR_INVALID_NULL_HANDLE;
        const CommandList& list = *from(lists[i]);
        if (list.immediate() || list.group() != queue.group()) return ZE_RESULT_ERROR_INVALID_COMMAND_LIST_TYPE;
        if (!list.closed()) return ZE_RESULT_ERROR_INVALID_ARGUMENT;
        sequences.push_back(list.commands());
    }
    queue.executor().submit(std::move(sequences), from(fence));
    return queue.synchronous() ? queue.executor().synchronize(kForever) : ZE_RESULT_SUCCESS;
}

ze_result_t synchronize(ze_command_queue_handle_t queue, std::uint64_t timeout_ns) {
    return from(queue)->executor().synchronize(timeout_ns);
}

}  // namespace

void fill(ze_command_queue_dditable_t& table) {
    table.pfnCreate = entry<queue_create>;
    table.pfnDestroy = entry<queue_destroy>;
    table.pfnExecuteCommandLists = entry<execute_command_lists>;
    table.pfnSynchronize = entry<synchronize>;
}

}  // namespace faultline::driver
