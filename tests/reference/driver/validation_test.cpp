// Under the loader's validation layer a correct program sees no error. The layer of 1.8.12 reports by the result of the
// call that it checked, and later ones also print: both must be clean.
#include "tests/reference/driver/fixture.h"

namespace faultline {
namespace {

class Validation : public ZeTest {};

TEST_F(Validation, LayerIsActive) {
    // The driver itself refuses the call as unsupported; only the layer looks at the enumerator first.
    ze_command_list_handle_t list = make_list();
    std::uint32_t word = 0;
    EXPECT_EQ(zeCommandListAppendMemAdvise(list, device, &word, 4, static_cast<ze_memory_advice_t>(0x4711)),
              ZE_RESULT_ERROR_INVALID_ENUMERATION);
    ZE_EXPECT(zeCommandListDestroy(list));
    EXPECT_EQ(zeContextDestroy(nullptr), ZE_RESULT_ERROR_INVALID_NULL_HANDLE);
}

// What a benchmark does, in one program: every call must succeed and nothing may be printed.
TEST_F(Validation, WholeProgramIsClean) {
    ::testing::internal::CaptureStderr();
    ::testing::internal::CaptureStdout();

    constexpr std::uint32_t kWords = 1u << 18;
    constexpr std::size_t kBytes = kWords * 4;
    MallocMemory memory(kBytes);
    std::memset(memory.data, 0, kBytes);
    ze_device_mem_alloc_desc_t device_desc{ZE_STRUCTURE_TYPE_DEVICE_MEM_ALLOC_DESC, nullptr, 0, 0};
    ze_host_mem_alloc_desc_t host_desc{ZE_STRUCTURE_TYPE_HOST_MEM_ALLOC_DESC, nullptr, 0};
    void* on_device = nullptr;
    void* shared = nullptr;
    void* host = nullptr;
    ZE_EXPECT(zeMemAllocDevice(context, &device_desc, kBytes, 4096, device, &on_device));
    ZE_EXPECT(zeMemAllocShared(context, &device_desc, &host_desc, kBytes, 4096, device, &shared));
    ZE_EXPECT(zeMemAllocHost(context, &host_desc, kBytes, 4096, &host));

    ze_event_pool_handle_t pool = make_pool(4);
    std::vector<ze_event_handle_t> events;
    for (std::uint32_t i = 0; i < 4; ++i) events.push_back(make_event(pool, i));
    ze_kernel_handle_t add = kernel("add_one");
    set_arg(add, 0, memory.data);
    std::uint32_t x = 0, y = 0, z = 0;
    ZE_EXPECT(zeKernelSuggestGroupSize(add, kWords, 1, 1, &x, &y, &z));
    ZE_EXPECT(zeKernelSetGroupSize(add, x, y, z));
    ZE_EXPECT(
        zeKernelSetIndirectAccess(add, ZE_KERNEL_INDIRECT_ACCESS_FLAG_HOST | ZE_KERNEL_INDIRECT_ACCESS_FLAG_SHARED));
    const ze_group_count_t groups{kWords / x, 1, 1};
    const std::uint32_t zero = 0;

    ze_command_list_handle_t list = make_list();
    ZE_EXPECT(zeCommandListAppendMemoryFill(list, memory.data, &zero, 4, kBytes, events[0], 0, nullptr));
    ZE_EXPECT(zeCommandListAppendLaunchKernel(list, add, &groups, events[1], 1, &events[0]));
    ZE_EXPECT(zeCommandListAppendMemoryCopy(list, on_device, memory.data, kBytes, events[2], 1, &events[1]));
    ZE_EXPECT(zeCommandListAppendMemoryCopy(list, shared, on_device, kBytes, nullptr, 1, &events[2]));
    ZE_EXPECT(zeCommandListAppendBarrier(list, nullptr, 0, nullptr));
    ZE_EXPECT(zeCommandListAppendMemoryCopy(list, host, shared, kBytes, events[3], 0, nullptr));
    ZE_EXPECT(zeCommandListClose(list));
    ze_command_queue_handle_t queue = make_queue();
    ze_fence_desc_t fence_desc{ZE_STRUCTURE_TYPE_FENCE_DESC, nullptr, 0};
    ze_fence_handle_t fence = nullptr;
    ZE_EXPECT(zeFenceCreate(queue, &fence_desc, &fence));
    ZE_EXPECT(zeCommandQueueExecuteCommandLists(queue, 1, &list, fence));
    ZE_EXPECT(zeFenceHostSynchronize(fence, kForever));
    ZE_EXPECT(zeEventHostSynchronize(events[3], kForever));
    ZE_EXPECT(zeCommandQueueSynchronize(queue, kForever));
    ze_kernel_timestamp_result_t timestamp{};
    ZE_EXPECT(zeEventQueryKernelTimestamp(events[1], &timestamp));
    const auto* result = static_cast<const std::uint32_t*>(host);
    EXPECT_TRUE(std::all_of(result, result + kWords, [](std::uint32_t w) { return w == 1; }));

    ze_command_list_handle_t immediate = make_immediate();
    ZE_EXPECT(zeCommandListAppendLaunchKernel(immediate, add, &groups, nullptr, 0, nullptr));
    EXPECT_EQ(memory.words()[kWords - 1], 2u);
    ZE_EXPECT(zeCommandListDestroy(immediate));

    ZE_EXPECT(zeFenceDestroy(fence));
    ZE_EXPECT(zeCommandListDestroy(list));
    ZE_EXPECT(zeCommandQueueDestroy(queue));
    for (ze_event_handle_t event : events) ZE_EXPECT(zeEventDestroy(event));
    ZE_EXPECT(zeEventPoolDestroy(pool));
    for (void* p : {on_device, shared, host}) ZE_EXPECT(zeMemFree(context, p));

    EXPECT_EQ(::testing::internal::GetCapturedStdout(), "");
    EXPECT_EQ(::testing::internal::GetCapturedStderr(), "");
}

}  // namespace
}  // namespace faultline
