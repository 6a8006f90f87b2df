// Command lists, queues, events and fences: order, asynchrony, waiting, time.
#include <algorithm>
#include <thread>

#include "tests/reference/driver/fixture.h"

namespace faultline {
namespace {

class Commands : public ZeTest {
protected:
    void SetUp() override {
        ZeTest::SetUp();
        pool = make_pool(8);
        for (std::uint32_t i = 0; i < 8; ++i) events.push_back(make_event(pool, i));
    }
    void TearDown() override {
        for (ze_event_handle_t event : events) ZE_EXPECT(zeEventDestroy(event));
        ZE_EXPECT(zeEventPoolDestroy(pool));
        ZeTest::TearDown();
    }

    ze_event_pool_handle_t pool = nullptr;
    std::vector<ze_event_handle_t> events;
};

TEST_F(Commands, RunInOrderAndAgain) {
    std::vector<std::uint32_t> data(256, 0);
    ze_kernel_handle_t fill = kernel("fill_ids");
    set_arg(fill, 0, data.data());
    ze_kernel_handle_t add = kernel("add_one");
    set_arg(add, 0, data.data());
    const ze_group_count_t groups{4, 1, 1};
    ZE_ASSERT(zeKernelSetGroupSize(fill, 64, 1, 1));
    ZE_ASSERT(zeKernelSetGroupSize(add, 64, 1, 1));

    ze_command_list_handle_t list = make_list();
    set_arg(fill, 1, std::uint32_t{10});
    ZE_ASSERT(zeCommandListAppendLaunchKernel(list, fill, &groups, nullptr, 0, nullptr));
    set_arg(fill, 1, std::uint32_t{999});  // must not reach the launch that was appended before
    for (int i = 0; i < 5; ++i) {
        ZE_ASSERT(zeCommandListAppendBarrier(list, nullptr, 0, nullptr));
        ZE_ASSERT(zeCommandListAppendLaunchKernel(list, add, &groups, nullptr, 0, nullptr));
    }
    ZE_ASSERT(zeCommandListClose(list));
    EXPECT_EQ(zeCommandListAppendBarrier(list, nullptr, 0, nullptr), ZE_RESULT_ERROR_INVALID_ARGUMENT) << "closed";

    ze_command_queue_handle_t queue = make_queue();
    for (int round = 0; round < 3; ++round) {
        std::fill(data.begin(), data.end(), 0);
        ZE_ASSERT(zeCommandQueueExecuteCommandLists(queue, 1, &list, nullptr));
        ZE_ASSERT(zeCommandQueueSynchronize(queue, kForever));
        for (std::uint32_t i = 0; i < data.size(); ++i) ASSERT_EQ(data[i], 15 + i);
    }
    ZE_ASSERT(zeCommandListReset(list));
    ZE_ASSERT(zeCommandListAppendLaunchKernel(list, add, &groups, nullptr, 0, nullptr));
    ZE_ASSERT(zeCommandListClose(list));
    ZE_ASSERT(zeCommandQueueExecuteCommandLists(queue, 1, &list, nullptr));
    ZE_ASSERT(zeCommandQueueSynchronize(queue, kForever));
    EXPECT_EQ(data[0], 16u) << "a reset list holds only what was appended since";
    ZE_EXPECT(zeCommandQueueDestroy(queue));
    ZE_EXPECT(zeCommandListDestroy(list));
}

TEST_F(Commands, QueuesRunBehindTheHost) {
    ze_command_list_handle_t list = make_list();
    ZE_ASSERT(zeCommandListAppendWaitOnEvents(list, 1, &events[0]));
    ZE_ASSERT(zeCommandListAppendSignalEvent(list, events[1]));
    ZE_ASSERT(zeCommandListClose(list));
    ze_command_queue_handle_t queue = make_queue();
    ze_fence_desc_t desc{ZE_STRUCTURE_TYPE_FENCE_DESC, nullptr, 0};
    ze_fence_handle_t fence = nullptr;
    ZE_ASSERT(zeFenceCreate(queue, &desc, &fence));
    ZE_ASSERT(zeCommandQueueExecuteCommandLists(queue, 1, &list, fence));
    // The queue waits for the host: nothing that follows may be complete.
    EXPECT_EQ(zeCommandQueueSynchronize(queue, 0), ZE_RESULT_NOT_READY);
    EXPECT_EQ(zeFenceHostSynchronize(fence, 1000), ZE_RESULT_NOT_READY);
    EXPECT_EQ(zeFenceQueryStatus(fence), ZE_RESULT_NOT_READY);
    EXPECT_EQ(zeEventHostSynchronize(events[1], 1000), ZE_RESULT_NOT_READY);
    EXPECT_EQ(zeEventQueryStatus(events[1]), ZE_RESULT_NOT_READY);
    ZE_ASSERT(zeEventHostSignal(events[0]));
    ZE_ASSERT(zeFenceHostSynchronize(fence, kForever));
    ZE_ASSERT(zeCommandQueueSynchronize(queue, kForever));
    ZE_EXPECT(zeEventQueryStatus(events[1]));
    ZE_EXPECT(zeFenceQueryStatus(fence));
    ZE_ASSERT(zeFenceReset(fence));
    EXPECT_EQ(zeFenceQueryStatus(fence), ZE_RESULT_NOT_READY);
    ZE_EXPECT(zeFenceDestroy(fence));
    ZE_EXPECT(zeCommandQueueDestroy(queue));
    ZE_EXPECT(zeCommandListDestroy(list));
}

TEST_F(Commands, QueuesWaitForEachOther) {
    std::uint32_t value = 0;
    const std::uint32_t one = 1, two = 2;
    ze_command_list_handle_t first = make_list(1);
    ZE_ASSERT(zeCommandListAppendMemoryFill(first, &value, &one, 4, 4, events[0], 0, nullptr));
    ZE_ASSERT(zeCommandListClose(first));
    ze_command_list_handle_t second = make_list();
    ZE_ASSERT(zeCommandListAppendMemoryFill(second, &value, &two, 4, 4, events[1], 1, &events[0]));
    ZE_ASSERT(zeCommandListClose(second));
    ze_command_queue_handle_t copies = make_queue(1), computes = make_queue(0);
    ZE_ASSERT(zeCommandQueueExecuteCommandLists(computes, 1, &second, nullptr));
    ZE_ASSERT(zeCommandQueueExecuteCommandLists(copies, 1, &first, nullptr));
    ZE_ASSERT(zeEventHostSynchronize(events[1], kForever));
    EXPECT_EQ(value, 2u);
    EXPECT_EQ(zeCommandQueueExecuteCommandLists(copies, 1, &second, nullptr),
              ZE_RESULT_ERROR_INVALID_COMMAND_LIST_TYPE);
    ZE_ASSERT(zeCommandQueueSynchronize(computes, kForever));
    ZE_ASSERT(zeCommandQueueSynchronize(copies, kForever));
    for (auto* queue : {copies, computes}) ZE_EXPECT(zeCommandQueueDestroy(queue));
    for (auto* list : {first, second}) ZE_EXPECT(zeCommandListDestroy(list));
}

TEST_F(Commands, SynchronousListsReturnWhenDone) {
    ze_command_list_handle_t list = make_immediate(ZE_COMMAND_QUEUE_MODE_SYNCHRONOUS);
    for (std::uint32_t i = 1; i <= 200; ++i) {
        std::uint32_t value = 0;
        ZE_ASSERT(zeCommandListAppendMemoryFill(list, &value, &i, 4, 4, nullptr, 0, nullptr));
        ASSERT_EQ(value, i);
    }
    ZE_EXPECT(zeCommandListDestroy(list));
}

TEST_F(Commands, AsynchronousListsKeepTheirOrder) {
    std::vector<std::uint32_t> data(64, 0);
    ze_kernel_handle_t add = kernel("add_one");
    set_arg(add, 0, data.data());
    ZE_ASSERT(zeKernelSetGroupSize(add, 64, 1, 1));
    const ze_group_count_t groups{1, 1, 1};
    ze_command_list_handle_t list = make_immediate(ZE_COMMAND_QUEUE_MODE_ASYNCHRONOUS);
    const std::uint32_t start = 100;
    ZE_ASSERT(zeCommandListAppendMemoryFill(list, data.data(), &start, 4, 256, nullptr, 0, nullptr));
    for (int i = 0; i < 50; ++i) ZE_ASSERT(zeCommandListAppendLaunchKernel(list, add, &groups, nullptr, 0, nullptr));
    ZE_ASSERT(zeCommandListAppendSignalEvent(list, events[0]));
    ZE_ASSERT(zeEventHostSynchronize(events[0], kForever));
    EXPECT_THAT(data, ::testing::Each(150u));
    ZE_EXPECT(zeCommandListDestroy(list));
}

TEST_F(Commands, EventsAreResetByTheDeviceAndTheHost) {
    ze_command_list_handle_t list = make_immediate();
    ZE_ASSERT(zeCommandListAppendSignalEvent(list, events[0]));
    ZE_EXPECT(zeEventQueryStatus(events[0]));
    ZE_ASSERT(zeCommandListAppendEventReset(list, events[0]));
    EXPECT_EQ(zeEventQueryStatus(events[0]), ZE_RESULT_NOT_READY);
    ZE_ASSERT(zeEventHostSignal(events[0]));
    ZE_EXPECT(zeEventHostSynchronize(events[0], 0));
    ZE_ASSERT(zeEventHostReset(events[0]));
    EXPECT_EQ(zeEventHostSynchronize(events[0], 0), ZE_RESULT_NOT_READY);
    ZE_EXPECT(zeCommandListDestroy(list));
}

TEST_F(Commands, ManyThreadsWaitForOneEvent) {
    std::vector<std::thread> threads;
    std::atomic<int> woken{0};
    for (int i = 0; i < 8; ++i) {
        threads.emplace_back([&] { woken += zeEventHostSynchronize(events[0], kForever) == ZE_RESULT_SUCCESS; });
    }
    ze_command_list_handle_t list = make_immediate(ZE_COMMAND_QUEUE_MODE_ASYNCHRONOUS);
    ZE_ASSERT(zeCommandListAppendSignalEvent(list, events[0]));
    for (std::thread& thread : threads) thread.join();
    EXPECT_EQ(woken.load(), 8);
    ZE_EXPECT(zeCommandListDestroy(list));
}

TEST_F(Commands, TimestampsEncloseTheKernel) {
    std::vector<std::uint64_t> clock(64);
    ze_kernel_handle_t read = kernel("read_clock");
    set_arg(read, 0, clock.data());
    ZE_ASSERT(zeKernelSetGroupSize(read, 64, 1, 1));
    ze_command_list_handle_t list = make_immediate();
    std::uint64_t before = 0, after = 0, host = 0, device_time = 0;
    const ze_group_count_t groups{1, 1, 1};
    ze_kernel_timestamp_result_t not_ready{};
    EXPECT_EQ(zeEventQueryKernelTimestamp(events[0], &not_ready), ZE_RESULT_NOT_READY);
    ZE_ASSERT(zeCommandListAppendWriteGlobalTimestamp(list, &before, nullptr, 0, nullptr));
    ZE_ASSERT(zeCommandListAppendLaunchKernel(list, read, &groups, events[0], 0, nullptr));
    ZE_ASSERT(zeCommandListAppendWriteGlobalTimestamp(list, &after, nullptr, 0, nullptr));
    ZE_ASSERT(zeDeviceGetGlobalTimestamps(device, &host, &device_time));
    ze_kernel_timestamp_result_t t{};
    ZE_ASSERT(zeEventQueryKernelTimestamp(events[0], &t));
    EXPECT_LE(before, t.global.kernelStart);
    EXPECT_LT(t.global.kernelStart, t.global.kernelEnd);
    EXPECT_LE(t.global.kernelEnd, after);
    EXPECT_LE(after, device_time);
    EXPECT_EQ(t.context.kernelEnd - t.context.kernelStart, t.global.kernelEnd - t.global.kernelStart);
    for (const std::uint64_t reading : clock) {
        EXPECT_LE(t.global.kernelStart, reading);
        EXPECT_LE(reading, t.global.kernelEnd);
    }
    // The same result, written by the device.
    ze_kernel_timestamp_result_t queried[2] = {};
    const std::size_t offsets[1] = {sizeof(ze_kernel_timestamp_result_t)};
    ZE_ASSERT(zeCommandListAppendQueryKernelTimestamps(list, 1, &events[0], queried, offsets, nullptr, 0, nullptr));
    EXPECT_EQ(queried[0].global.kernelEnd, 0u);
    EXPECT_EQ(queried[1].global.kernelEnd, t.global.kernelEnd);
    ZE_EXPECT(zeCommandListDestroy(list));
}

TEST_F(Commands, IndirectLaunchesReadTheirCountWhenTheyRun) {
    std::vector<std::uint32_t> data(512, 0), other(512, 0);
    ze_kernel_handle_t kernels[2] = {kernel("add_one"), kernel("add_one")};
    set_arg(kernels[0], 0, data.data());
    set_arg(kernels[1], 0, other.data());
    for (auto* k : kernels) ZE_ASSERT(zeKernelSetGroupSize(k, 64, 1, 1));
    ze_group_count_t counts[2] = {{1, 1, 1}, {2, 1, 1}};
    std::uint32_t launches = 2;
    ze_command_list_handle_t list = make_list();
    ZE_ASSERT(zeCommandListAppendLaunchKernelIndirect(list, kernels[0], &counts[0], nullptr, 0, nullptr));
    ZE_ASSERT(
        zeCommandListAppendLaunchMultipleKernelsIndirect(list, 2, kernels, &launches, counts, events[0], 0, nullptr));
    ZE_ASSERT(zeCommandListClose(list));
    counts[0].groupCountX = 4;
    launches = 1;
    ze_command_queue_handle_t queue = make_queue();
    ZE_ASSERT(zeCommandQueueExecuteCommandLists(queue, 1, &list, nullptr));
    ZE_ASSERT(zeEventHostSynchronize(events[0], kForever));
    EXPECT_EQ(data[255], 2u);
    EXPECT_EQ(data[256], 0u);
    EXPECT_THAT(other, ::testing::Each(0u)) << "the second launch was beyond the count";
    ZE_ASSERT(zeCommandQueueSynchronize(queue, kForever));
    ZE_EXPECT(zeCommandQueueDestroy(queue));
    ZE_EXPECT(zeCommandListDestroy(list));
}

TEST_F(Commands, WhatIsNotSupportedIsRefused) {
    std::uint32_t word = 0;
    ze_kernel_handle_t add = kernel("add_one");
    const ze_group_count_t groups{2, 1, 1};
    ze_command_list_handle_t list = make_list();
    EXPECT_EQ(zeCommandListAppendMemAdvise(list, device, &word, 4, ZE_MEMORY_ADVICE_SET_READ_MOSTLY),
              ZE_RESULT_ERROR_UNSUPPORTED_FEATURE);
    EXPECT_EQ(zeCommandListAppendLaunchCooperativeKernel(list, add, &groups, nullptr, 0, nullptr),
              ZE_RESULT_ERROR_UNSUPPORTED_FEATURE);
    ze_command_list_handle_t copies = make_list(1);
    EXPECT_EQ(zeCommandListAppendLaunchKernel(copies, add, &groups, nullptr, 0, nullptr),
              ZE_RESULT_ERROR_INVALID_COMMAND_LIST_TYPE);
    ZE_EXPECT(zeCommandListDestroy(copies));
    ZE_EXPECT(zeCommandListDestroy(list));
    const ze_command_queue_desc_t beyond = queue_desc(2, ZE_COMMAND_QUEUE_MODE_DEFAULT);
    ze_command_queue_handle_t queue = nullptr;
    EXPECT_EQ(zeCommandQueueCreate(context, device, &beyond, &queue), ZE_RESULT_ERROR_INVALID_ARGUMENT);
}

}  // namespace
}  // namespace faultline
