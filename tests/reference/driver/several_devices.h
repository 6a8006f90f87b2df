// A Level Zero program on every device of its driver, that looks where pages are.
#pragma once

#include <vector>

#include "device/faultline_ext.h"
#include "tests/reference/driver/fixture.h"

namespace faultline {

class SeveralDevices : public ZeTest {
protected:
    void SetUp() override {
        ZE_ASSERT(zeInit(ZE_INIT_FLAG_GPU_ONLY));
        std::uint32_t count = 1;
        ZE_ASSERT(zeDriverGet(&count, &driver));
        count = 0;
        ZE_ASSERT(zeDeviceGet(driver, &count, nullptr));
        devices.resize(count);
        ZE_ASSERT(zeDeviceGet(driver, &count, devices.data()));
        ze_context_desc_t desc{ZE_STRUCTURE_TYPE_CONTEXT_DESC, nullptr, 0};
        ZE_ASSERT(zeContextCreate(driver, &desc, &context));
        ZE_ASSERT(zeDriverGetExtensionFunctionAddress(driver, FAULTLINE_GET_RESIDENCY,
                                                      reinterpret_cast<void**>(&get_residency)));
    }

    /// `on` adds one to the first word of every page.
    void touch(ze_device_handle_t on, void* p, std::size_t bytes) {
        device = on;
        module = build(kernel_driver_test());
        ze_kernel_desc_t desc{ZE_STRUCTURE_TYPE_KERNEL_DESC, nullptr, 0, "touch"};
        ze_kernel_handle_t k = nullptr;
        ZE_ASSERT(zeKernelCreate(module, &desc, &k));
        set_arg(k, 0, p);
        set_arg(k, 1, std::uint64_t{1024});
        ZE_EXPECT(launch(k, static_cast<std::uint32_t>(bytes / 4096), 1));
        ZE_EXPECT(zeKernelDestroy(k));
        ZE_EXPECT(zeModuleDestroy(module));
        module = nullptr;
    }

    std::int32_t where(const void* p) {
        std::int32_t residency = 77;
        ZE_EXPECT(get_residency(driver, p, 1, &residency));
        return residency;
    }

    std::vector<ze_device_handle_t> devices;
    faultline_pfnDriverGetResidency_t get_residency = nullptr;
};

}  // namespace faultline
