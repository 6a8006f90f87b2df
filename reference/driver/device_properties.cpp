#include "reference/driver/device_properties.h"

#include <bit>
#include <cmath>
#include <limits>

#include "reference/driver/device.h"
#include "reference/driver/entry.h"
#include "reference/driver/object.h"

namespace faultline::driver {
namespace {

struct StructureHeader {
    ze_structure_type_t stype;
    void* next;
};

ze_result_t get_properties(ze_device_handle_t handle, ze_device_properties_t* p) {
    if (p == nullptr) return ZE_RESULT_ERROR_INVALID_NULL_POINTER;
    Device& device = *from(handle);
    const gpu::DeviceModel& model = device.gpu().model();
    const double tick_ns = device.gpu().tick_ns();

    p->type = ZE_DEVICE_TYPE_GPU;
    p->vendorId = kVendorId;
    p->deviceId = 1;
    p->flags = ZE_DEVICE_PROPERTY_FLAG_ONDEMANDPAGING;
    if (device.root() != nullptr) p->flags |= ZE_DEVICE_PROPERTY_FLAG_SUBDEVICE;
    p->subdeviceId = device.home();
    p->coreClockRate = static_cast<std::uint32_t>(std::lround(1e3 / tick_ns));    // MHz of the device clock
    p->maxMemAllocSize = std::bit_floor(device.home_tile().vram().size().count);  // one buddy block
    p->maxHardwareContexts = std::numeric_limits<std::uint16_t>::max();
    p->maxCommandQueuePriority = 0;
    p->numThreadsPerEU = model.threads_per_eu;
    p->physicalEUSimdWidth = 1;
    p->numEUsPerSubslice = model.eus;
    p->numSubslicesPerSlice = 1;
    p->numSlices = device.tile_count();
    // The old unit, nanoseconds a cycle, cannot tell a clock above 1 GHz; DEVICE_PROPERTIES_1_2 is cycles a second.
    p->timerResolution = p->stype == ZE_STRUCTURE_TYPE_DEVICE_PROPERTIES_1_2
                             ? static_cast<std::uint64_t>(std::llround(1e9 / tick_ns))
                             : static_cast<std::uint64_t>(std::max(1LL, std::llround(tick_ns)));
    p->timestampValidBits = 64;
    p->kernelTimestampValidBits = 64;
    set_name(p->name, "Faultline reference (model: " + model.name + ")");
    // The last but one byte is 0 for a root device, and counts tiles from 1.
    const char tile = static_cast<char>(device.root() == nullptr ? 0 : device.home() + 1);
    const char uuid[sizeof(p->uuid.id)] = {'F', 'a', 'u', 'l', 't', 'l', 'i',  'n',
                                           'e', ' ', 'r', 'e', 'f', 'd', tile, static_cast<char>(device.index())};
    std::memcpy(p->uuid.id, uuid, sizeof(uuid));
    return ZE_RESULT_SUCCESS;
}

ze_result_t get_compute_properties(ze_device_handle_t, ze_device_compute_properties_t* p) {
    if (p == nullptr) return ZE_RESULT_ERROR_INVALID_NULL_POINTER;
    p->maxTotalGroupSize = gpu::kMaxGroupSize;
    p->maxGroupSizeX = p->maxGroupSizeY = p->maxGroupSizeZ = gpu::kMaxGroupSize;
    p->maxGroupCountX = p->maxGroupCountY = p->maxGroupCountZ = std::numeric_limits<std::uint32_t>::max();
    p->maxSharedLocalMemory = static_cast<std::uint32_t>(gpu::kMaxLocalMemory.count);
    p->numSubGroupSizes = 1;
    std::memset(p->subGroupSizes, 0, sizeof(p->subGroupSizes));
    p->subGroupSizes[0] = 1;
    return ZE_RESULT_SUCCESS;
}

ze_result_t get_module_properties(ze_device_handle_t, ze_device_module_properties_t* p) {
    if (p == nullptr) return ZE_RESULT_ERROR_INVALID_NULL_POINTER;
    p->spirvVersionSupported = ZE_MAKE_VERSION(1, 2);
    p->flags = ZE_DEVICE_MODULE_FLAG_FP64 | ZE_DEVICE_MODULE_FLAG_INT64_ATOMICS;
    p->fp16flags = 0;
    p->fp32flags = ZE_DEVICE_FP_FLAG_DENORM | ZE_DEVICE_FP_FLAG_INF_NAN | ZE_DEVICE_FP_FLAG_ROUND_TO_NEAREST |
                   ZE_DEVICE_FP_FLAG_ROUNDED_DIVIDE_SQRT;
    p->fp64flags = p->fp32flags;
    p->maxArgumentsSize = kMaxArgumentsSize;
    p->printfBufferSize = 0;
    std::memset(&p->nativeKernelSupported, 0, sizeof(p->nativeKernelSupported));
    return ZE_RESULT_SUCCESS;
}

ze_result_t get_command_queue_group_properties(ze_device_handle_t handle, std::uint32_t* count,
                                               ze_command_queue_group_properties_t* out) {
    const Device& device = *from(handle);
    return enumerate(kQueueGroups, count, out, [&](std::uint32_t i, ze_command_queue_group_properties_t& p) {
        const auto group = static_cast<QueueGroup>(i);
        p.flags = ZE_COMMAND_QUEUE_GROUP_PROPERTY_FLAG_COPY;
        if (group == QueueGroup::kCompute) p.flags |= ZE_COMMAND_QUEUE_GROUP_PROPERTY_FLAG_COMPUTE;
        p.maxMemoryFillPatternSize = svm::kPageSize;
        p.numQueues = device.queues(group);
    });
}

ze_result_t get_memory_properties(ze_device_handle_t handle, std::uint32_t* count, ze_device_memory_properties_t* out) {
    Device& device = *from(handle);
    return enumerate(1, count, out, [&](std::uint32_t, ze_device_memory_properties_t& p) {
        p.flags = 0;
        p.maxClockRate = 0;  // not known
        p.maxBusWidth = 0;   // not known
        p.totalSize = device.tile_count() * device.home_tile().vram().size().count;
        set_name(p.name, "VRAM (host memory)");
        for (auto* next = static_cast<StructureHeader*>(p.pNext); next != nullptr;
             next = static_cast<StructureHeader*>(next->next)) {
            if (next->stype != ZE_STRUCTURE_TYPE_DEVICE_MEMORY_EXT_PROPERTIES) continue;
            auto& ext = *reinterpret_cast<ze_device_memory_ext_properties_t*>(next);
            ext.type = ZE_DEVICE_MEMORY_EXT_TYPE_DDR;
            ext.physicalSize = p.totalSize;
            ext.readBandwidth = 0;
            ext.writeBandwidth = 0;
            ext.bandwidthUnit = ZE_BANDWIDTH_UNIT_UNKNOWN;
        }
    });
}

ze_result_t get_memory_access_properties(ze_device_handle_t, ze_device_memory_access_properties_t* p) {
    if (p == nullptr) return ZE_RESULT_ERROR_INVALID_NULL_POINTER;
    constexpr ze_memory_access_cap_flags_t kAll = ZE_MEMORY_ACCESS_CAP_FLAG_RW | ZE_MEMORY_ACCESS_CAP_FLAG_ATOMIC |
                                                  ZE_MEMORY_ACCESS_CAP_FLAG_CONCURRENT |
                                                  ZE_MEMORY_ACCESS_CAP_FLAG_CONCURRENT_ATOMIC;
    p->hostAllocCapabilities = kAll;
    p->deviceAllocCapabilities = kAll;
    p->sharedSingleDeviceAllocCapabilities = kAll;
    p->sharedCrossDeviceAllocCapabilities = kAll;
    p->sharedSystemAllocCapabilities = kAll;
    return ZE_RESULT_SUCCESS;
}

ze_result_t get_cache_properties(ze_device_handle_t, std::uint32_t* count, ze_device_cache_properties_t* out) {
    return enumerate(0, count, out, [](std::uint32_t, ze_device_cache_properties_t&) {});
}

// No images, and no memory that another API or process could import.
ze_result_t get_image_properties(ze_device_handle_t, ze_device_image_properties_t* p) {
    if (p == nullptr) return ZE_RESULT_ERROR_INVALID_NULL_POINTER;
    p->maxImageDims1D = p->maxImageDims2D = p->maxImageDims3D = 0;
    p->maxImageBufferSize = 0;
    p->maxImageArraySlices = p->maxSamplers = p->maxReadImageArgs = p->maxWriteImageArgs = 0;
    return ZE_RESULT_SUCCESS;
}

ze_result_t get_external_memory_properties(ze_device_handle_t, ze_device_external_memory_properties_t* p) {
    if (p == nullptr) return ZE_RESULT_ERROR_INVALID_NULL_POINTER;
    p->memoryAllocationImportTypes = p->memoryAllocationExportTypes = 0;
    p->imageImportTypes = p->imageExportTypes = 0;
    return ZE_RESULT_SUCCESS;
}

}  // namespace

void fill_properties(ze_device_dditable_t& table) {
    table.pfnGetProperties = entry<get_properties>;
    table.pfnGetComputeProperties = entry<get_compute_properties>;
    table.pfnGetModuleProperties = entry<get_module_properties>;
    table.pfnGetCommandQueueGroupProperties = entry<get_command_queue_group_properties>;
    table.pfnGetMemoryProperties = entry<get_memory_properties>;
    table.pfnGetMemoryAccessProperties = entry<get_memory_access_properties>;
    table.pfnGetCacheProperties = entry<get_cache_properties>;
    table.pfnGetImageProperties = entry<get_image_properties>;
    table.pfnGetExternalMemoryProperties = entry<get_external_memory_properties>;
}

}  // namespace faultline::driver
