// An access to memory that is not mapped loses the context, never the process.
#include <sys/mman.h>

#include "device/faultline_ext.h"
#include "tests/reference/driver/fixture.h"

namespace faultline {
namespace {

class Lost : public ZeTest {
protected:
    static constexpr std::size_t kSize = 1u << 20;

    /// Memory far from where the kernel places mappings, so that nothing else comes to lie there once it is unmapped.
    static void* map(int protection) {
        void* p = mmap(reinterpret_cast<void*>(std::uintptr_t{1} << 40), kSize, protection,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
        EXPECT_NE(p, MAP_FAILED);
        return p;
    }
    static void* unmapped() {
        void* p = map(PROT_READ | PROT_WRITE);
        munmap(p, kSize);
        return p;
    }
    std::string last_error() {
        faultline_pfnDeviceGetText_t get_text = nullptr;
        ZE_EXPECT(zeDriverGetExtensionFunctionAddress(driver, FAULTLINE_GET_TEXT, reinterpret_cast<void**>(&get_text)));
        char text[512] = {};
        std::size_t size = sizeof(text);
        ZE_EXPECT(get_text(device, FAULTLINE_TEXT_LAST_ERROR, &size, text));
        return text;
    }
    static std::string hex(const void* p) {
        char text[32];
        std::snprintf(text, sizeof(text), "%p", p);
        return text;
    }
    ze_result_t store(void* p) {
        ze_kernel_handle_t k = kernel("store_at");
        set_arg(k, 0, p);
        set_arg(k, 1, std::uint32_t{1});
        return launch(k, 1, 1);
    }
    /// Gives the test a context that works, after its own was lost.
    void renew() {
        ZE_EXPECT(zeModuleDestroy(module));
        ZE_EXPECT(zeContextDestroy(context));
        ze_context_desc_t desc{ZE_STRUCTURE_TYPE_CONTEXT_DESC, nullptr, 0};
        ZE_ASSERT(zeContextCreate(driver, &desc, &context));
        module = build(kernel_driver_test());
    }
};

// The core acks such an atomic as served, as the kernel does; the GPU must not fault for ever.
TEST_F(Lost, AnAtomicOnMemoryThatCannotMigrateIsReported) {
    void* p = mmap(nullptr, kSize, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    ASSERT_NE(p, MAP_FAILED);
    ze_kernel_handle_t count = kernel("count");
    set_arg(count, 0, p);
    EXPECT_EQ(launch(count, 16, 4), ZE_RESULT_ERROR_DEVICE_LOST);
    EXPECT_THAT(last_error(), ::testing::AllOf(::testing::HasSubstr(hex(p)), ::testing::HasSubstr("atomic")));
    renew();
    EXPECT_EQ(store(p), ZE_RESULT_SUCCESS) << "ordinary stores are served";
    EXPECT_EQ(*static_cast<std::uint32_t*>(p), 1u);
    munmap(p, kSize);
}

TEST_F(Lost, UnmappedStoreIsReportedWithItsAddress) {
    void* p = unmapped();
    EXPECT_EQ(store(p), ZE_RESULT_ERROR_DEVICE_LOST);
    EXPECT_THAT(last_error(), ::testing::AllOf(::testing::HasSubstr(hex(p)), ::testing::HasSubstr("write"),
                                               ::testing::HasSubstr("context lost")));
    EXPECT_EQ(zeContextGetStatus(context), ZE_RESULT_ERROR_DEVICE_LOST);
    EXPECT_EQ(zeDeviceGetStatus(device), ZE_RESULT_ERROR_DEVICE_LOST);
    renew();
    ZE_EXPECT(zeDeviceGetStatus(device));
    std::uint32_t word = 0;
    ZE_EXPECT(store(&word));
    EXPECT_EQ(word, 1u) << "a new context works";
}

TEST_F(Lost, EverythingInTheContextSaysSo) {
    ze_event_pool_handle_t pool = make_pool(2);
    ze_event_handle_t never = make_event(pool, 0);
    ze_command_queue_handle_t queue = make_queue();
    ze_fence_desc_t desc{ZE_STRUCTURE_TYPE_FENCE_DESC, nullptr, 0};
    ze_fence_handle_t fence = nullptr;
    ZE_ASSERT(zeFenceCreate(queue, &desc, &fence));
    ze_kernel_handle_t k = kernel("load_at");
    std::uint32_t word = 0;
    set_arg(k, 0, unmapped());
    set_arg(k, 1, &word);
    ZE_ASSERT(zeKernelSetGroupSize(k, 1, 1, 1));
    ze_command_list_handle_t list = make_list();
    const ze_group_count_t one{1, 1, 1};
    ZE_ASSERT(zeCommandListAppendLaunchKernel(list, k, &one, nullptr, 0, nullptr));
    ZE_ASSERT(zeCommandListAppendSignalEvent(list, never));
    ZE_ASSERT(zeCommandListClose(list));
    ZE_ASSERT(zeCommandQueueExecuteCommandLists(queue, 1, &list, fence));
    EXPECT_EQ(zeEventHostSynchronize(never, kForever), ZE_RESULT_ERROR_DEVICE_LOST);
    EXPECT_EQ(zeFenceHostSynchronize(fence, kForever), ZE_RESULT_ERROR_DEVICE_LOST);
    EXPECT_EQ(zeCommandQueueSynchronize(queue, kForever), ZE_RESULT_ERROR_DEVICE_LOST);
    EXPECT_EQ(zeCommandQueueExecuteCommandLists(queue, 1, &list, nullptr), ZE_RESULT_ERROR_DEVICE_LOST);
    EXPECT_EQ(zeEventQueryStatus(never), ZE_RESULT_ERROR_DEVICE_LOST);
    EXPECT_THAT(last_error(), ::testing::HasSubstr("read"));
    ZE_EXPECT(zeFenceDestroy(fence));
    ZE_EXPECT(zeCommandListDestroy(list));
    ZE_EXPECT(zeCommandQueueDestroy(queue));
    ZE_EXPECT(zeEventDestroy(never));
    ZE_EXPECT(zeEventPoolDestroy(pool));
}

TEST_F(Lost, OtherContextsGoOn) {
    ze_context_handle_t mine = context;
    ze_context_desc_t desc{ZE_STRUCTURE_TYPE_CONTEXT_DESC, nullptr, 0};
    ZE_ASSERT(zeContextCreate(driver, &desc, &context));
    EXPECT_EQ(store(unmapped()), ZE_RESULT_ERROR_DEVICE_LOST);
    ZE_EXPECT(zeContextDestroy(context));
    context = mine;
    std::uint32_t word = 0;
    ZE_EXPECT(store(&word));
    EXPECT_EQ(word, 1u);
}

TEST_F(Lost, ReadOnlyMemoryDoesNotTakeStores) {
    void* p = map(PROT_READ);
    EXPECT_EQ(store(p), ZE_RESULT_ERROR_DEVICE_LOST);
    EXPECT_THAT(last_error(), ::testing::HasSubstr(hex(p)));
    munmap(p, kSize);
}

TEST_F(Lost, MemoryUnmappedAfterUseIsNotReachedThroughOldTranslations) {
    void* p = map(PROT_READ | PROT_WRITE);
    ZE_ASSERT(store(p));
    EXPECT_EQ(*static_cast<std::uint32_t*>(p), 1u);
    munmap(p, kSize);
    EXPECT_EQ(store(p), ZE_RESULT_ERROR_DEVICE_LOST);
}

TEST_F(Lost, CopiesFromNowhereLoseTheContextToo) {
    std::uint32_t word = 0;
    ze_command_list_handle_t list = make_immediate();
    EXPECT_EQ(zeCommandListAppendMemoryCopy(list, &word, unmapped(), 4, nullptr, 0, nullptr),
              ZE_RESULT_ERROR_DEVICE_LOST);
    EXPECT_THAT(last_error(), ::testing::HasSubstr("copy of 4 bytes"));
    ZE_EXPECT(zeCommandListDestroy(list));
}

}  // namespace
}  // namespace faultline
