// Modules, build logs and kernels.
#include <algorithm>

#include "kernels/driver_image.h"
#include "tests/reference/driver/fixture.h"

namespace faultline {
namespace {

class Modules : public ZeTest {
protected:
    ze_result_t create(std::span<const std::uint8_t> spirv, ze_module_format_t format, std::string* log_text) {
        ze_module_desc_t desc{};
        desc.stype = ZE_STRUCTURE_TYPE_MODULE_DESC;
        desc.format = format;
        desc.inputSize = spirv.size();
        desc.pInputModule = spirv.data();
        ze_module_handle_t built = nullptr;
        ze_module_build_log_handle_t log = nullptr;
        const ze_result_t result = zeModuleCreate(context, device, &desc, &built, &log);
        *log_text = text_of(log);
        if (log != nullptr) {
            ZE_EXPECT(zeModuleBuildLogDestroy(log));
        }
        if (result == ZE_RESULT_SUCCESS) {
            ZE_EXPECT(zeModuleDestroy(built));
        }
        return result;
    }
};

TEST_F(Modules, UnsupportedInstructionsFailTheBuildWithALog) {
    std::string log;
    EXPECT_EQ(create(kernel_driver_image(), ZE_MODULE_FORMAT_IL_SPIRV, &log), ZE_RESULT_ERROR_MODULE_BUILD_FAILURE);
    EXPECT_THAT(log, ::testing::HasSubstr("mage")) << "names what is not supported";
}

TEST_F(Modules, GarbageFailsTheBuildWithALog) {
    const std::vector<std::uint8_t> garbage(64, 0x5a);
    std::string log;
    EXPECT_EQ(create(garbage, ZE_MODULE_FORMAT_IL_SPIRV, &log), ZE_RESULT_ERROR_MODULE_BUILD_FAILURE);
    EXPECT_FALSE(log.empty());
}

TEST_F(Modules, NativeBinariesAreRefused) {
    std::string log;
    EXPECT_EQ(create(kernel_driver_test(), ZE_MODULE_FORMAT_NATIVE, &log), ZE_RESULT_ERROR_INVALID_NATIVE_BINARY);
    std::size_t size = 0;
    EXPECT_EQ(zeModuleGetNativeBinary(module, &size, nullptr), ZE_RESULT_ERROR_UNSUPPORTED_FEATURE);
}

TEST_F(Modules, ListTheirKernels) {
    std::uint32_t count = 0;
    ZE_ASSERT(zeModuleGetKernelNames(module, &count, nullptr));
    std::vector<const char*> names(count);
    ZE_ASSERT(zeModuleGetKernelNames(module, &count, names.data()));
    EXPECT_THAT(names, ::testing::Contains(::testing::StrEq("add_one")));
    EXPECT_THAT(names, ::testing::Contains(::testing::StrEq("rotate_group")));
    ze_kernel_desc_t desc{ZE_STRUCTURE_TYPE_KERNEL_DESC, nullptr, 0, "no_such_kernel"};
    ze_kernel_handle_t none = nullptr;
    EXPECT_EQ(zeKernelCreate(module, &desc, &none), ZE_RESULT_ERROR_INVALID_KERNEL_NAME);
}

TEST_F(Modules, KernelsDescribeThemselves) {
    ze_kernel_handle_t shaped = kernel("shaped");
    ze_kernel_properties_t p{};
    p.stype = ZE_STRUCTURE_TYPE_KERNEL_PROPERTIES;
    ZE_ASSERT(zeKernelGetProperties(shaped, &p));
    EXPECT_EQ(p.numKernelArgs, 1u);
    EXPECT_EQ(p.requiredGroupSizeX, 8u);
    EXPECT_EQ(p.requiredGroupSizeY, 2u);
    EXPECT_EQ(p.requiredGroupSizeZ, 1u);
    EXPECT_EQ(zeKernelSetGroupSize(shaped, 4, 4, 1), ZE_RESULT_ERROR_INVALID_GROUP_SIZE_DIMENSION);
    std::size_t size = 0;
    ZE_ASSERT(zeKernelGetName(shaped, &size, nullptr));
    std::string name(size, '\0');
    ZE_ASSERT(zeKernelGetName(shaped, &size, name.data()));
    EXPECT_STREQ(name.c_str(), "shaped");
    std::uint32_t length = 0;
    char* buffer = nullptr;
    ZE_ASSERT(zeKernelGetSourceAttributes(shaped, &length, &buffer));
    std::string attributes(length, '\0');
    buffer = attributes.data();
    ZE_ASSERT(zeKernelGetSourceAttributes(shaped, &length, &buffer));
    EXPECT_STREQ(buffer, "reqd_work_group_size(8,2,1)");
    ze_kernel_indirect_access_flags_t flags = 0;
    ZE_ASSERT(zeKernelSetIndirectAccess(shaped, ZE_KERNEL_INDIRECT_ACCESS_FLAG_HOST));
    ZE_ASSERT(zeKernelGetIndirectAccess(shaped, &flags));
    EXPECT_EQ(flags, static_cast<ze_kernel_indirect_access_flags_t>(ZE_KERNEL_INDIRECT_ACCESS_FLAG_HOST));
}

TEST_F(Modules, RequiredGroupSizeIsWhatRuns) {
    ze_kernel_handle_t shaped = kernel("shaped");
    std::vector<std::uint32_t> out(16 * 4);
    set_arg(shaped, 0, out.data());
    ze_command_list_handle_t list = make_immediate();
    const ze_group_count_t groups{2, 2, 1};
    ZE_ASSERT(zeCommandListAppendLaunchKernel(list, shaped, &groups, nullptr, 0, nullptr));
    EXPECT_THAT(out, ::testing::Each(821u));
    ZE_EXPECT(zeCommandListDestroy(list));
}

TEST_F(Modules, ArgumentsAreChecked) {
    ze_kernel_handle_t fill = kernel("fill_ids");
    const std::uint32_t base = 1;
    EXPECT_EQ(zeKernelSetArgumentValue(fill, 2, sizeof(base), &base), ZE_RESULT_ERROR_INVALID_KERNEL_ARGUMENT_INDEX);
    EXPECT_EQ(zeKernelSetArgumentValue(fill, 1, 1, &base), ZE_RESULT_ERROR_INVALID_KERNEL_ARGUMENT_SIZE);
    EXPECT_EQ(zeKernelSetArgumentValue(fill, 0, 4, &base), ZE_RESULT_ERROR_INVALID_KERNEL_ARGUMENT_SIZE);
    ZE_EXPECT(zeKernelSetArgumentValue(fill, 0, sizeof(void*), nullptr));
    EXPECT_EQ(zeKernelSetGroupSize(fill, 0, 1, 1), ZE_RESULT_ERROR_INVALID_GROUP_SIZE_DIMENSION);
    EXPECT_EQ(zeKernelSetGroupSize(fill, 1u << 20, 1, 1), ZE_RESULT_ERROR_INVALID_GROUP_SIZE_DIMENSION);
}

TEST_F(Modules, LocalMemoryArguments) {
    constexpr std::uint32_t kGroup = 64, kGroups = 32;
    std::vector<std::uint32_t> data(kGroup * kGroups);
    for (std::uint32_t i = 0; i < data.size(); ++i) data[i] = i;
    ze_kernel_handle_t rotate = kernel("rotate_group");
    set_arg(rotate, 0, data.data());
    ZE_ASSERT(zeKernelSetArgumentValue(rotate, 1, kGroup * sizeof(std::uint32_t), nullptr));
    ZE_ASSERT(launch(rotate, kGroups, kGroup));
    for (std::uint32_t i = 0; i < data.size(); ++i) {
        ASSERT_EQ(data[i], i / kGroup * kGroup + (i % kGroup + 1) % kGroup) << i;
    }
}

TEST_F(Modules, TooMuchLocalMemoryIsRefused) {
    ze_device_compute_properties_t compute{};
    compute.stype = ZE_STRUCTURE_TYPE_DEVICE_COMPUTE_PROPERTIES;
    ZE_ASSERT(zeDeviceGetComputeProperties(device, &compute));
    ze_kernel_handle_t rotate = kernel("rotate_group");
    std::uint32_t word = 0;
    set_arg(rotate, 0, &word);
    ZE_ASSERT(zeKernelSetArgumentValue(rotate, 1, compute.maxSharedLocalMemory + 1, nullptr));
    EXPECT_EQ(launch(rotate, 1, 1), ZE_RESULT_ERROR_UNSUPPORTED_SIZE);
}

TEST_F(Modules, GlobalOffsetShiftsTheIds) {
    std::vector<std::uint32_t> out(128, 0);
    ze_kernel_handle_t fill = kernel("fill_ids");
    set_arg(fill, 0, out.data());
    set_arg(fill, 1, std::uint32_t{1});
    ZE_ASSERT(zeKernelSetGlobalOffsetExp(fill, 64, 0, 0));
    ZE_ASSERT(launch(fill, 1, 64));
    EXPECT_EQ(out[63], 0u);
    EXPECT_EQ(out[64], 65u);
    EXPECT_EQ(out[127], 128u);
}

TEST_F(Modules, SuggestedGroupSizesDivide) {
    ze_kernel_handle_t fill = kernel("fill_ids");
    for (const std::uint32_t global : {1u, 7u, 64u, 1000u, 4096u, 65537u}) {
        std::uint32_t x = 0, y = 0, z = 0;
        ZE_ASSERT(zeKernelSuggestGroupSize(fill, global, 12, 1, &x, &y, &z));
        EXPECT_EQ(global % x, 0u);
        EXPECT_EQ(12 % y, 0u);
        ZE_EXPECT(zeKernelSetGroupSize(fill, x, y, z));
    }
}

TEST_F(Modules, DestroyedModulesLeaveRunningKernelsAlone) {
    ze_module_handle_t own = build(kernel_driver_test());
    ze_kernel_handle_t fill = kernel_of(own, "fill_ids");
    std::vector<std::uint32_t> out(1024);
    set_arg(fill, 0, out.data());
    set_arg(fill, 1, std::uint32_t{3});
    ZE_ASSERT(zeKernelSetGroupSize(fill, 64, 1, 1));
    ze_command_list_handle_t list = make_list();
    const ze_group_count_t groups{16, 1, 1};
    ZE_ASSERT(zeCommandListAppendLaunchKernel(list, fill, &groups, nullptr, 0, nullptr));
    ZE_ASSERT(zeCommandListClose(list));
    ZE_ASSERT(zeModuleDestroy(own));
    ze_command_queue_handle_t queue = make_queue();
    ZE_ASSERT(zeCommandQueueExecuteCommandLists(queue, 1, &list, nullptr));
    ZE_ASSERT(zeCommandQueueSynchronize(queue, kForever));
    EXPECT_EQ(out[1023], 3u + 1023u);
    ZE_EXPECT(zeCommandQueueDestroy(queue));
    ZE_EXPECT(zeCommandListDestroy(list));
}

}  // namespace
}  // namespace faultline
