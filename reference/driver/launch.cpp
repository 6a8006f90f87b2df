// Kernel launches of the command list table.
#include "reference/driver/command_list.h"
#include "reference/driver/entry.h"

namespace faultline::driver {
namespace {

ze_result_t check(ze_command_list_handle_t list, ze_kernel_handle_t kernel, const void* arguments) {
    if (kernel == nullptr) return ZE_RESULT_ERROR_INVALID_NULL_HANDLE;
    if (arguments == nullptr) return ZE_RESULT_ERROR_INVALID_NULL_POINTER;
    if (!from(kernel)->local_memory_fits()) return ZE_RESULT_ERROR_UNSUPPORTED_SIZE;
    if (from(list)->group() != QueueGroup::kCompute) return ZE_RESULT_ERROR_INVALID_COMMAND_LIST_TYPE;
    return ZE_RESULT_SUCCESS;
}

ze_result_t append_launch_kernel(ze_command_list_handle_t list, ze_kernel_handle_t kernel,
                                 const ze_group_count_t* groups, ze_event_handle_t signal, std::uint32_t count,
                                 ze_event_handle_t* waits) {
    const ze_result_t result = check(list, kernel, groups);
    if (result != ZE_RESULT_SUCCESS) return result;
    return append(*from(list), LaunchKernel{.kernel = from(kernel)->state(), .groups = *groups}, signal, count, waits);
}

// See zeKernelSuggestMaxCooperativeGroupCount.
ze_result_t append_launch_cooperative_kernel(ze_command_list_handle_t list, ze_kernel_handle_t kernel,
                                             const ze_group_count_t* groups, ze_event_handle_t signal,
                                             std::uint32_t count, ze_event_handle_t* waits) {
    const ze_result_t result = check(list, kernel, groups);
    if (result != ZE_RESULT_SUCCESS) return result;
    if (gpu::Dim3{groups->groupCountX, groups->groupCountY, groups->groupCountZ}.count() > 1) {
        return ZE_RESULT_ERROR_UNSUPPORTED_FEATURE;
    }
    return append_launch_kernel(list, kernel, groups, signal, count, waits);
}

ze_result_t append_launch_kernel_indirect(ze_command_list_handle_t list, ze_kernel_handle_t kernel,
                                          const ze_group_count_t* groups, ze_event_handle_t signal, std::uint32_t count,
                                          ze_event_handle_t* waits) {
    const ze_result_t result = check(list, kernel, groups);
    if (result != ZE_RESULT_SUCCESS) return result;
    return append(*from(list), LaunchKernel{.kernel = from(kernel)->state(), .indirect = groups}, signal, count, waits);
}

// One command per kernel, in order: the first waits, the last signals.
ze_result_t append_launch_multiple_kernels_indirect(ze_command_list_handle_t list, std::uint32_t kernels,
                                                    ze_kernel_handle_t* handles, const std::uint32_t* launches,
                                                    const ze_group_count_t* groups, ze_event_handle_t signal,
                                                    std::uint32_t count, ze_event_handle_t* waits) {
    if (handles == nullptr || launches == nullptr) return ZE_RESULT_ERROR_INVALID_NULL_POINTER;
    if (kernels == 0) return append(*from(list), Barrier{}, signal, count, waits);
    CommandSequence commands(kernels);
    for (std::uint32_t i = 0; i < kernels; ++i) {
        const ze_result_t result = check(list, handles[i], groups);
        if (result != ZE_RESULT_SUCCESS) return result;
        commands[i].action =
            LaunchKernel{.kernel = from(handles[i])->state(), .indirect = groups + i, .launches = launches, .index = i};
    }
    const ze_result_t result = read_events(nullptr, count, waits, &commands.front());
    if (result != ZE_RESULT_SUCCESS) return result;
    commands.back().signal = from(signal);
    return from(list)->append(std::move(commands));
}

}  // namespace

void fill_launches(ze_command_list_dditable_t& table) {
    table.pfnAppendLaunchKernel = entry<append_launch_kernel>;
    table.pfnAppendLaunchCooperativeKernel = entry<append_launch_cooperative_kernel>;
    table.pfnAppendLaunchKernelIndirect = entry<append_launch_kernel_indirect>;
    table.pfnAppendLaunchMultipleKernelsIndirect = entry<append_launch_multiple_kernels_indirect>;
}

}  // namespace faultline::driver
