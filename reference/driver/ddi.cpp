// The exports: one getter per table of the loader. Loader 1.8.12 refuses a driver that lacks any of the 46 mandatory
// ones.
#include "reference/driver/ddi.h"

#include <level_zero/zes_ddi.h>
#include <level_zero/zet_ddi.h>

#include <boost/pfr.hpp>

#include "reference/driver/entry.h"

namespace faultline::driver {
namespace {

template <typename Table>
concept HasSupportedEntries = requires(Table& table) {
    fill(table);
};

// A table grows at its end with each API version. The getter writes the fields of the version that this driver was
// built with: a loader that asks for an older one has a smaller struct and is refused, a newer one leaves the rest
// null.
template <typename Table>
ze_result_t fill_table(ze_api_version_t version, Table* table) {
    if (table == nullptr) return ZE_RESULT_ERROR_INVALID_NULL_POINTER;
    if (ZE_MAJOR_VERSION(version) != ZE_MAJOR_VERSION(ZE_API_VERSION_CURRENT) || version < ZE_API_VERSION_CURRENT) {
        return ZE_RESULT_ERROR_UNSUPPORTED_VERSION;
    }
    boost::pfr::for_each_field(*table, [](auto& field) { field = Unsupported(); });
    if constexpr (HasSupportedEntries<Table>) fill(*table);
    return ZE_RESULT_SUCCESS;
}

}  // namespace
}  // namespace faultline::driver

// NOLINTBEGIN(bugprone-macro-parentheses): types
#define FL_EXPORT(getter, Table)                                                                    \
    extern "C" ZE_DLLEXPORT ze_result_t ZE_APICALL getter(ze_api_version_t version, Table* table) { \
        return faultline::driver::fill_table(version, table);                                       \
    }
// NOLINTEND(bugprone-macro-parentheses)

FL_EXPORT(zeGetGlobalProcAddrTable, ze_global_dditable_t)
FL_EXPORT(zeGetDriverProcAddrTable, ze_driver_dditable_t)
FL_EXPORT(zeGetDeviceProcAddrTable, ze_device_dditable_t)
FL_EXPORT(zeGetDeviceExpProcAddrTable, ze_device_exp_dditable_t)
FL_EXPORT(zeGetContextProcAddrTable, ze_context_dditable_t)
FL_EXPORT(zeGetCommandQueueProcAddrTable, ze_command_queue_dditable_t)
FL_EXPORT(zeGetCommandListProcAddrTable, ze_command_list_dditable_t)
FL_EXPORT(zeGetImageProcAddrTable, ze_image_dditable_t)
FL_EXPORT(zeGetImageExpProcAddrTable, ze_image_exp_dditable_t)
FL_EXPORT(zeGetFenceProcAddrTable, ze_fence_dditable_t)
FL_EXPORT(zeGetEventPoolProcAddrTable, ze_event_pool_dditable_t)
FL_EXPORT(zeGetEventProcAddrTable, ze_event_dditable_t)
FL_EXPORT(zeGetEventExpProcAddrTable, ze_event_exp_dditable_t)
FL_EXPORT(zeGetModuleProcAddrTable, ze_module_dditable_t)
FL_EXPORT(zeGetModuleBuildLogProcAddrTable, ze_module_build_log_dditable_t)
FL_EXPORT(zeGetKernelProcAddrTable, ze_kernel_dditable_t)
FL_EXPORT(zeGetKernelExpProcAddrTable, ze_kernel_exp_dditable_t)
FL_EXPORT(zeGetSamplerProcAddrTable, ze_sampler_dditable_t)
FL_EXPORT(zeGetPhysicalMemProcAddrTable, ze_physical_mem_dditable_t)
FL_EXPORT(zeGetMemProcAddrTable, ze_mem_dditable_t)
FL_EXPORT(zeGetVirtualMemProcAddrTable, ze_virtual_mem_dditable_t)
FL_EXPORT(zeGetFabricVertexExpProcAddrTable, ze_fabric_vertex_exp_dditable_t)
FL_EXPORT(zeGetFabricEdgeExpProcAddrTable, ze_fabric_edge_exp_dditable_t)

FL_EXPORT(zetGetDeviceProcAddrTable, zet_device_dditable_t)
FL_EXPORT(zetGetContextProcAddrTable, zet_context_dditable_t)
FL_EXPORT(zetGetCommandListProcAddrTable, zet_command_list_dditable_t)
FL_EXPORT(zetGetModuleProcAddrTable, zet_module_dditable_t)
FL_EXPORT(zetGetKernelProcAddrTable, zet_kernel_dditable_t)
FL_EXPORT(zetGetMetricGroupProcAddrTable, zet_metric_group_dditable_t)
FL_EXPORT(zetGetMetricGroupExpProcAddrTable, zet_metric_group_exp_dditable_t)
FL_EXPORT(zetGetMetricProcAddrTable, zet_metric_dditable_t)
FL_EXPORT(zetGetMetricStreamerProcAddrTable, zet_metric_streamer_dditable_t)
FL_EXPORT(zetGetMetricQueryPoolProcAddrTable, zet_metric_query_pool_dditable_t)
FL_EXPORT(zetGetMetricQueryProcAddrTable, zet_metric_query_dditable_t)
FL_EXPORT(zetGetTracerExpProcAddrTable, zet_tracer_exp_dditable_t)
FL_EXPORT(zetGetDebugProcAddrTable, zet_debug_dditable_t)

FL_EXPORT(zesGetDriverProcAddrTable, zes_driver_dditable_t)
FL_EXPORT(zesGetDeviceProcAddrTable, zes_device_dditable_t)
FL_EXPORT(zesGetSchedulerProcAddrTable, zes_scheduler_dditable_t)
FL_EXPORT(zesGetPerformanceFactorProcAddrTable, zes_performance_factor_dditable_t)
FL_EXPORT(zesGetPowerProcAddrTable, zes_power_dditable_t)
FL_EXPORT(zesGetFrequencyProcAddrTable, zes_frequency_dditable_t)
FL_EXPORT(zesGetEngineProcAddrTable, zes_engine_dditable_t)
FL_EXPORT(zesGetStandbyProcAddrTable, zes_standby_dditable_t)
FL_EXPORT(zesGetFirmwareProcAddrTable, zes_firmware_dditable_t)
FL_EXPORT(zesGetMemoryProcAddrTable, zes_memory_dditable_t)
FL_EXPORT(zesGetFabricPortProcAddrTable, zes_fabric_port_dditable_t)
FL_EXPORT(zesGetTemperatureProcAddrTable, zes_temperature_dditable_t)
FL_EXPORT(zesGetPsuProcAddrTable, zes_psu_dditable_t)
FL_EXPORT(zesGetFanProcAddrTable, zes_fan_dditable_t)
FL_EXPORT(zesGetLedProcAddrTable, zes_led_dditable_t)
FL_EXPORT(zesGetRasProcAddrTable, zes_ras_dditable_t)
FL_EXPORT(zesGetDiagnosticsProcAddrTable, zes_diagnostics_dditable_t)
