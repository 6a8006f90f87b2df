// A Level Zero program as users write it, against the driver that ZE_ENABLE_ALT_DRIVERS names.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <level_zero/ze_api.h>

#include <cstdint>
#include <cstring>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "kernels/driver_test.h"

#define ZE_ASSERT(call) ASSERT_EQ((call), ZE_RESULT_SUCCESS)
#define ZE_EXPECT(call) EXPECT_EQ((call), ZE_RESULT_SUCCESS)

namespace faultline {

inline constexpr std::uint64_t kForever = ~std::uint64_t{0};

/// Whole pages of ordinary memory, aligned to 2 MiB so that GPU pages of every size fit.
struct MallocMemory {
    explicit MallocMemory(std::size_t bytes)
        : data(std::aligned_alloc(2u << 20, (bytes + (2u << 20) - 1) & ~((2ul << 20) - 1))) {}
    ~MallocMemory() { std::free(data); }
    MallocMemory(const MallocMemory&) = delete;
    MallocMemory& operator=(const MallocMemory&) = delete;
    std::uint32_t* words() { return static_cast<std::uint32_t*>(data); }
    void* data;
};

class ZeTest : public ::testing::Test {
protected:
    void SetUp() override {
        ZE_ASSERT(zeInit(ZE_INIT_FLAG_GPU_ONLY));
        std::uint32_t count = 1;
        ZE_ASSERT(zeDriverGet(&count, &driver));
        ZE_ASSERT(zeDeviceGet(driver, &count, &device));
        ze_context_desc_t desc{ZE_STRUCTURE_TYPE_CONTEXT_DESC, nullptr, 0};
        ZE_ASSERT(zeContextCreate(driver, &desc, &context));
        module = build(kernel_driver_test());
    }
    void TearDown() override {
        for (ze_kernel_handle_t kernel : kernels_) ZE_EXPECT(zeKernelDestroy(kernel));
        if (module != nullptr) {
            ZE_EXPECT(zeModuleDestroy(module));
        }
        if (context != nullptr) {
            ZE_EXPECT(zeContextDestroy(context));
        }
    }

    ze_module_handle_t build(std::span<const std::uint8_t> spirv) {
        ze_module_desc_t desc{};
        desc.stype = ZE_STRUCTURE_TYPE_MODULE_DESC;
        desc.format = ZE_MODULE_FORMAT_IL_SPIRV;
        desc.inputSize = spirv.size();
        desc.pInputModule = spirv.data();
        ze_module_handle_t built = nullptr;
        ze_module_build_log_handle_t log = nullptr;
        EXPECT_EQ(zeModuleCreate(context, device, &desc, &built, &log), ZE_RESULT_SUCCESS) << text_of(log);
        if (log != nullptr) {
            ZE_EXPECT(zeModuleBuildLogDestroy(log));
        }
        return built;
    }

    static std::string text_of(ze_module_build_log_handle_t log) {
        std::size_t size = 0;
        if (log == nullptr || zeModuleBuildLogGetString(log, &size, nullptr) != ZE_RESULT_SUCCESS) return {};
        std::string text(size, '\0');
        EXPECT_EQ(zeModuleBuildLogGetString(log, &size, text.data()), ZE_RESULT_SUCCESS);
        text.resize(size - 1);
        return text;
    }

    ze_kernel_handle_t kernel(const char* name) { return kernel_of(module, name); }
    ze_kernel_handle_t kernel_of(ze_module_handle_t of, const char* name) {
        ze_kernel_desc_t desc{ZE_STRUCTURE_TYPE_KERNEL_DESC, nullptr, 0, name};
        ze_kernel_handle_t created = nullptr;
        EXPECT_EQ(zeKernelCreate(of, &desc, &created), ZE_RESULT_SUCCESS) << name;
        kernels_.push_back(created);
        return created;
    }

    template <typename T>
    static void set_arg(ze_kernel_handle_t kernel, std::uint32_t index, const T& value) {
        ZE_EXPECT(zeKernelSetArgumentValue(kernel, index, sizeof(T), &value));
    }

    ze_command_queue_handle_t make_queue(std::uint32_t ordinal = 0,
                                         ze_command_queue_mode_t mode = ZE_COMMAND_QUEUE_MODE_ASYNCHRONOUS) {
        const ze_command_queue_desc_t desc = queue_desc(ordinal, mode);
        ze_command_queue_handle_t queue = nullptr;
        ZE_EXPECT(zeCommandQueueCreate(context, device, &desc, &queue));
        return queue;
    }

    ze_command_list_handle_t make_list(std::uint32_t ordinal = 0) {
        ze_command_list_desc_t desc{ZE_STRUCTURE_TYPE_COMMAND_LIST_DESC, nullptr, ordinal, 0};
        ze_command_list_handle_t list = nullptr;
        ZE_EXPECT(zeCommandListCreate(context, device, &desc, &list));
        return list;
    }

    ze_command_list_handle_t make_immediate(ze_command_queue_mode_t mode = ZE_COMMAND_QUEUE_MODE_SYNCHRONOUS) {
        const ze_command_queue_desc_t desc = queue_desc(0, mode);
        ze_command_list_handle_t list = nullptr;
        ZE_EXPECT(zeCommandListCreateImmediate(context, device, &desc, &list));
        return list;
    }

    ze_event_pool_handle_t make_pool(std::uint32_t count) {
        ze_event_pool_desc_t desc{ZE_STRUCTURE_TYPE_EVENT_POOL_DESC, nullptr,
                                  ZE_EVENT_POOL_FLAG_HOST_VISIBLE | ZE_EVENT_POOL_FLAG_KERNEL_TIMESTAMP, count};
        ze_event_pool_handle_t pool = nullptr;
        ZE_EXPECT(zeEventPoolCreate(context, &desc, 1, &device, &pool));
        return pool;
    }

    static ze_event_handle_t make_event(ze_event_pool_handle_t pool, std::uint32_t index) {
        ze_event_desc_t desc{ZE_STRUCTURE_TYPE_EVENT_DESC, nullptr, index, ZE_EVENT_SCOPE_FLAG_HOST,
                             ZE_EVENT_SCOPE_FLAG_HOST};
        ze_event_handle_t event = nullptr;
        ZE_EXPECT(zeEventCreate(pool, &desc, &event));
        return event;
    }

    /// Runs `groups` groups of `group_size` on a synchronous immediate list of its own; the result of the append.
    ze_result_t launch(ze_kernel_handle_t kernel, std::uint32_t groups, std::uint32_t group_size) {
        ZE_EXPECT(zeKernelSetGroupSize(kernel, group_size, 1, 1));
        ze_command_list_handle_t list = make_immediate();
        const ze_group_count_t count{groups, 1, 1};
        const ze_result_t result = zeCommandListAppendLaunchKernel(list, kernel, &count, nullptr, 0, nullptr);
        ZE_EXPECT(zeCommandListDestroy(list));
        return result;
    }

    static ze_command_queue_desc_t queue_desc(std::uint32_t ordinal, ze_command_queue_mode_t mode) {
        ze_command_queue_desc_t desc{};
        desc.stype = ZE_STRUCTURE_TYPE_COMMAND_QUEUE_DESC;
        desc.ordinal = ordinal;
        desc.mode = mode;
        return desc;
    }

    ze_driver_handle_t driver = nullptr;
    ze_device_handle_t device = nullptr;
    ze_context_handle_t context = nullptr;
    ze_module_handle_t module = nullptr;

private:
    std::vector<ze_kernel_handle_t> kernels_;
};

}  // namespace faultline
