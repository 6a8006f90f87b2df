// The dispatch tables, read as the loader reads them: dlopen, one getter per table.
#include <dlfcn.h>
#include <elf.h>
#include <gtest/gtest.h>
#include <level_zero/ze_ddi.h>
#include <level_zero/zes_ddi.h>
#include <level_zero/zet_ddi.h>
#include <link.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <cstring>
#include <vector>

namespace faultline {
namespace {

struct TableName {
    const char* getter;
    std::size_t size;
};

#define FL_TABLE(getter, Table) \
    TableName { getter, sizeof(Table) }

// Those without which loader 1.8.12 refuses a driver.
const std::vector<TableName> kMandatory = {
    FL_TABLE("zeGetGlobalProcAddrTable", ze_global_dditable_t),
    FL_TABLE("zeGetDriverProcAddrTable", ze_driver_dditable_t),
    FL_TABLE("zeGetDeviceProcAddrTable", ze_device_dditable_t),
    FL_TABLE("zeGetContextProcAddrTable", ze_context_dditable_t),
    FL_TABLE("zeGetCommandQueueProcAddrTable", ze_command_queue_dditable_t),
    FL_TABLE("zeGetCommandListProcAddrTable", ze_command_list_dditable_t),
    FL_TABLE("zeGetEventProcAddrTable", ze_event_dditable_t),
    FL_TABLE("zeGetEventPoolProcAddrTable", ze_event_pool_dditable_t),
    FL_TABLE("zeGetFenceProcAddrTable", ze_fence_dditable_t),
    FL_TABLE("zeGetImageProcAddrTable", ze_image_dditable_t),
    FL_TABLE("zeGetKernelProcAddrTable", ze_kernel_dditable_t),
    FL_TABLE("zeGetMemProcAddrTable", ze_mem_dditable_t),
    FL_TABLE("zeGetModuleProcAddrTable", ze_module_dditable_t),
    FL_TABLE("zeGetModuleBuildLogProcAddrTable", ze_module_build_log_dditable_t),
    FL_TABLE("zeGetPhysicalMemProcAddrTable", ze_physical_mem_dditable_t),
    FL_TABLE("zeGetSamplerProcAddrTable", ze_sampler_dditable_t),
    FL_TABLE("zeGetVirtualMemProcAddrTable", ze_virtual_mem_dditable_t),
    FL_TABLE("zetGetDeviceProcAddrTable", zet_device_dditable_t),
    FL_TABLE("zetGetContextProcAddrTable", zet_context_dditable_t),
    FL_TABLE("zetGetCommandListProcAddrTable", zet_command_list_dditable_t),
    FL_TABLE("zetGetKernelProcAddrTable", zet_kernel_dditable_t),
    FL_TABLE("zetGetModuleProcAddrTable", zet_module_dditable_t),
    FL_TABLE("zetGetDebugProcAddrTable", zet_debug_dditable_t),
    FL_TABLE("zetGetMetricProcAddrTable", zet_metric_dditable_t),
    FL_TABLE("zetGetMetricGroupProcAddrTable", zet_metric_group_dditable_t),
    FL_TABLE("zetGetMetricQueryProcAddrTable", zet_metric_query_dditable_t),
    FL_TABLE("zetGetMetricQueryPoolProcAddrTable", zet_metric_query_pool_dditable_t),
    FL_TABLE("zetGetMetricStreamerProcAddrTable", zet_metric_streamer_dditable_t),
    FL_TABLE("zetGetTracerExpProcAddrTable", zet_tracer_exp_dditable_t),
    FL_TABLE("zesGetDeviceProcAddrTable", zes_device_dditable_t),
    FL_TABLE("zesGetDriverProcAddrTable", zes_driver_dditable_t),
    FL_TABLE("zesGetDiagnosticsProcAddrTable", zes_diagnostics_dditable_t),
    FL_TABLE("zesGetEngineProcAddrTable", zes_engine_dditable_t),
    FL_TABLE("zesGetFabricPortProcAddrTable", zes_fabric_port_dditable_t),
    FL_TABLE("zesGetFanProcAddrTable", zes_fan_dditable_t),
    FL_TABLE("zesGetFirmwareProcAddrTable", zes_firmware_dditable_t),
    FL_TABLE("zesGetFrequencyProcAddrTable", zes_frequency_dditable_t),
    FL_TABLE("zesGetLedProcAddrTable", zes_led_dditable_t),
    FL_TABLE("zesGetMemoryProcAddrTable", zes_memory_dditable_t),
    FL_TABLE("zesGetPerformanceFactorProcAddrTable", zes_performance_factor_dditable_t),
    FL_TABLE("zesGetPowerProcAddrTable", zes_power_dditable_t),
    FL_TABLE("zesGetPsuProcAddrTable", zes_psu_dditable_t),
    FL_TABLE("zesGetRasProcAddrTable", zes_ras_dditable_t),
    FL_TABLE("zesGetSchedulerProcAddrTable", zes_scheduler_dditable_t),
    FL_TABLE("zesGetStandbyProcAddrTable", zes_standby_dditable_t),
    FL_TABLE("zesGetTemperatureProcAddrTable", zes_temperature_dditable_t),
};

class Tables : public ::testing::Test {
protected:
    void SetUp() override {
        const char* path = std::getenv("ZE_ENABLE_ALT_DRIVERS");
        ASSERT_NE(path, nullptr);
        library_ = dlopen(path, RTLD_LAZY | RTLD_LOCAL);
        ASSERT_NE(library_, nullptr) << dlerror();
    }
    void TearDown() override {
        if (library_ != nullptr) dlclose(library_);
    }

    using Getter = ze_result_t (*)(ze_api_version_t, void*);
    Getter getter(const char* name) const { return reinterpret_cast<Getter>(dlsym(library_, name)); }

    template <typename Table>
    Table get(const char* name) const {
        Table table{};
        EXPECT_EQ(getter(name)(ZE_API_VERSION_CURRENT, &table), ZE_RESULT_SUCCESS);
        return table;
    }

    void* library_ = nullptr;
};

constexpr unsigned char kGuard = 0xa5;

TEST_F(Tables, AllMandatoryOnesAreExportedAndFilledExactly) {
    EXPECT_EQ(kMandatory.size(), 46u);
    for (const TableName& table : kMandatory) {
        SCOPED_TRACE(table.getter);
        ASSERT_NE(getter(table.getter), nullptr);
        std::vector<unsigned char> bytes(table.size + 64, 0);
        std::fill(bytes.begin() + static_cast<std::ptrdiff_t>(table.size), bytes.end(), kGuard);
        ASSERT_EQ(getter(table.getter)(ZE_API_VERSION_CURRENT, bytes.data()), ZE_RESULT_SUCCESS);
        for (std::size_t at = 0; at < table.size; at += sizeof(void*)) {
            void* field = nullptr;
            std::memcpy(&field, bytes.data() + at, sizeof(field));
            EXPECT_NE(field, nullptr) << "entry " << at / sizeof(void*);
        }
        for (std::size_t at = table.size; at < bytes.size(); ++at)
            ASSERT_EQ(bytes[at], kGuard) << "written beyond the table";
    }
}

// A service thread that bound a function would read tables of the dynamic linker, which are on the heap.
TEST_F(Tables, FunctionsAreBoundWhenTheDriverIsLoaded) {
    link_map* map = nullptr;
    ASSERT_EQ(dlinfo(library_, RTLD_DI_LINKMAP, &map), 0);
    bool now = false;
    for (const ElfW(Dyn)* entry = map->l_ld; entry->d_tag != DT_NULL; ++entry)
        now |= entry->d_tag == DT_FLAGS_1 && (entry->d_un.d_val & DF_1_NOW) != 0;
    EXPECT_TRUE(now);
}

TEST_F(Tables, RefuseAnotherVersionAndLeaveItsTableAlone) {
    for (const TableName& table : kMandatory) {
        SCOPED_TRACE(table.getter);
        const std::vector<unsigned char> before(table.size, kGuard);
        for (const auto version : {static_cast<ze_api_version_t>(ZE_MAKE_VERSION(1, 3)),
                                   static_cast<ze_api_version_t>(ZE_MAKE_VERSION(2, 0))}) {
            std::vector<unsigned char> bytes = before;
            EXPECT_EQ(getter(table.getter)(version, bytes.data()), ZE_RESULT_ERROR_UNSUPPORTED_VERSION);
            EXPECT_EQ(bytes, before);
        }
        EXPECT_EQ(getter(table.getter)(ZE_API_VERSION_CURRENT, nullptr), ZE_RESULT_ERROR_INVALID_NULL_POINTER);
    }
}

TEST_F(Tables, WorkForANewerLoader) {
    ze_driver_dditable_t table{};
    EXPECT_EQ(getter("zeGetDriverProcAddrTable")(static_cast<ze_api_version_t>(ZE_MAKE_VERSION(1, 17)), &table),
              ZE_RESULT_SUCCESS);
    EXPECT_NE(table.pfnGet, nullptr);
}

TEST_F(Tables, UnsupportedEntriesSaySo) {
    EXPECT_EQ(get<ze_image_dditable_t>("zeGetImageProcAddrTable").pfnCreate(nullptr, nullptr, nullptr, nullptr),
              ZE_RESULT_ERROR_UNSUPPORTED_FEATURE);
    EXPECT_EQ(get<ze_sampler_dditable_t>("zeGetSamplerProcAddrTable").pfnCreate(nullptr, nullptr, nullptr, nullptr),
              ZE_RESULT_ERROR_UNSUPPORTED_FEATURE);
    EXPECT_EQ(get<ze_module_dditable_t>("zeGetModuleProcAddrTable").pfnGetNativeBinary(nullptr, nullptr, nullptr),
              ZE_RESULT_ERROR_UNSUPPORTED_FEATURE);
    EXPECT_EQ(get<ze_module_dditable_t>("zeGetModuleProcAddrTable").pfnDynamicLink(0, nullptr, nullptr),
              ZE_RESULT_ERROR_UNSUPPORTED_FEATURE);
    EXPECT_EQ(get<ze_mem_dditable_t>("zeGetMemProcAddrTable").pfnGetIpcHandle(nullptr, nullptr, nullptr),
              ZE_RESULT_ERROR_UNSUPPORTED_FEATURE);
    EXPECT_EQ(get<zet_metric_group_dditable_t>("zetGetMetricGroupProcAddrTable").pfnGet(nullptr, nullptr, nullptr),
              ZE_RESULT_ERROR_UNSUPPORTED_FEATURE);
    EXPECT_EQ(get<zes_device_dditable_t>("zesGetDeviceProcAddrTable").pfnGetProperties(nullptr, nullptr),
              ZE_RESULT_ERROR_UNSUPPORTED_FEATURE);
    EXPECT_EQ(get<zes_power_dditable_t>("zesGetPowerProcAddrTable").pfnGetEnergyCounter(nullptr, nullptr),
              ZE_RESULT_ERROR_UNSUPPORTED_FEATURE);
}

TEST_F(Tables, NullHandlesAreRefusedWithoutTheValidationLayer) {
    EXPECT_EQ(get<ze_device_dditable_t>("zeGetDeviceProcAddrTable").pfnGetProperties(nullptr, nullptr),
              ZE_RESULT_ERROR_INVALID_NULL_HANDLE);
    EXPECT_EQ(get<ze_context_dditable_t>("zeGetContextProcAddrTable").pfnDestroy(nullptr),
              ZE_RESULT_ERROR_INVALID_NULL_HANDLE);
    EXPECT_EQ(get<ze_command_list_dditable_t>("zeGetCommandListProcAddrTable").pfnClose(nullptr),
              ZE_RESULT_ERROR_INVALID_NULL_HANDLE);
    EXPECT_EQ(get<ze_event_dditable_t>("zeGetEventProcAddrTable").pfnHostSynchronize(nullptr, 0),
              ZE_RESULT_ERROR_INVALID_NULL_HANDLE);
    EXPECT_EQ(get<ze_fence_dditable_t>("zeGetFenceProcAddrTable").pfnReset(nullptr),
              ZE_RESULT_ERROR_INVALID_NULL_HANDLE);
    EXPECT_EQ(get<ze_kernel_dditable_t>("zeGetKernelProcAddrTable").pfnSetGroupSize(nullptr, 1, 1, 1),
              ZE_RESULT_ERROR_INVALID_NULL_HANDLE);
    EXPECT_EQ(get<ze_mem_dditable_t>("zeGetMemProcAddrTable").pfnFree(nullptr, nullptr),
              ZE_RESULT_ERROR_INVALID_NULL_HANDLE);
    EXPECT_EQ(get<ze_driver_dditable_t>("zeGetDriverProcAddrTable").pfnGet(nullptr, nullptr) == ZE_RESULT_SUCCESS,
              false);
}

}  // namespace
}  // namespace faultline
