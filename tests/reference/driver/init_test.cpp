// Initialisation, enumeration and properties through the loader.
#include <cmath>

#include "tests/reference/driver/fixture.h"

namespace faultline {
namespace {

using Init = ZeTest;

TEST_F(Init, IsIdempotentAndFindsOneDevice) {
    ZE_EXPECT(zeInit(0));
    std::uint32_t count = 0;
    ZE_ASSERT(zeDriverGet(&count, nullptr));
    EXPECT_EQ(count, 1u);
    count = 0;
    ZE_ASSERT(zeDeviceGet(driver, &count, nullptr));
    EXPECT_EQ(count, 1u);
    count = 5;
    ze_device_handle_t devices[5] = {};
    ZE_ASSERT(zeDeviceGet(driver, &count, devices));
    EXPECT_EQ(count, 1u);
    EXPECT_EQ(devices[0], device);
    count = 0;
    ZE_ASSERT(zeDeviceGetSubDevices(device, &count, nullptr));
    EXPECT_EQ(count, 0u);
}

TEST_F(Init, DriverDescribesItself) {
    ze_api_version_t version{};
    ZE_ASSERT(zeDriverGetApiVersion(driver, &version));
    EXPECT_EQ(version, ZE_API_VERSION_CURRENT);
    ze_driver_properties_t properties{};
    properties.stype = ZE_STRUCTURE_TYPE_DRIVER_PROPERTIES;
    ZE_ASSERT(zeDriverGetProperties(driver, &properties));
    EXPECT_NE(properties.driverVersion, 0u);
    ze_driver_ipc_properties_t ipc{};
    ipc.stype = ZE_STRUCTURE_TYPE_DRIVER_IPC_PROPERTIES;
    ipc.flags = 0xff;
    ZE_ASSERT(zeDriverGetIpcProperties(driver, &ipc));
    EXPECT_EQ(ipc.flags, 0u);
}

TEST_F(Init, DeviceIsAGpuThatNamesItsModel) {
    ze_device_properties_t p{};
    p.stype = ZE_STRUCTURE_TYPE_DEVICE_PROPERTIES;
    ZE_ASSERT(zeDeviceGetProperties(device, &p));
    EXPECT_EQ(p.type, ZE_DEVICE_TYPE_GPU);
    EXPECT_STREQ(p.name, "Faultline reference (model: native)");
    EXPECT_GT(p.vendorId, 0xffffu) << "a PCI vendor's id";
    EXPECT_TRUE(p.flags & ZE_DEVICE_PROPERTY_FLAG_ONDEMANDPAGING);
    EXPECT_EQ(p.numEUsPerSubslice, 2u) << "FAULTLINE_EUS of this test";
    EXPECT_GT(p.numThreadsPerEU, 0u);
    EXPECT_EQ(p.timestampValidBits, 64u);
    EXPECT_EQ(p.kernelTimestampValidBits, 64u);
    EXPECT_GT(p.maxMemAllocSize, 0u);
    EXPECT_GE(p.timerResolution, 1u);
}

TEST_F(Init, TimerResolutionHasTheUnitOfTheStructure) {
    ze_device_properties_t p{};
    p.stype = ZE_STRUCTURE_TYPE_DEVICE_PROPERTIES_1_2;
    ZE_ASSERT(zeDeviceGetProperties(device, &p));
    const double ticks_per_ns = static_cast<double>(p.timerResolution) * 1e-9;
    /// Both clocks, and between which two moments of the host they were read.
    struct Reading {
        double before, host, device, after;
    };
    const auto host_now = [] {
        timespec now{};
        clock_gettime(CLOCK_MONOTONIC_RAW, &now);
        return static_cast<double>(now.tv_sec) * 1e9 + static_cast<double>(now.tv_nsec);
    };
    const auto read = [&] {
        std::uint64_t host = 0, ticks = 0;
        Reading reading{};
        reading.before = host_now();
        EXPECT_EQ(zeDeviceGetGlobalTimestamps(device, &host, &ticks), ZE_RESULT_SUCCESS);
        reading.after = host_now();
        reading.host = static_cast<double>(host);
        reading.device = static_cast<double>(ticks) / ticks_per_ns;
        return reading;
    };
    const Reading first = read();
    Reading last{};
    do last = read();
    while (last.before - first.after < 100e6);
    // However long the machine kept a reading waiting, what passed lies between these; 2 % for how well a tick is
    // known.
    const double least = last.before - first.after, most = last.after - first.before;
    EXPECT_LE(0.98 * least, last.device - first.device);
    EXPECT_LE(last.device - first.device, 1.02 * most);
    EXPECT_LE(0.98 * least, last.host - first.host);
    EXPECT_LE(last.host - first.host, 1.02 * most);
}

TEST_F(Init, MallocMemoryIsShared) {
    ze_device_memory_access_properties_t p{};
    p.stype = ZE_STRUCTURE_TYPE_DEVICE_MEMORY_ACCESS_PROPERTIES;
    ZE_ASSERT(zeDeviceGetMemoryAccessProperties(device, &p));
    EXPECT_EQ(p.sharedSystemAllocCapabilities, ZE_MEMORY_ACCESS_CAP_FLAG_RW | ZE_MEMORY_ACCESS_CAP_FLAG_ATOMIC |
                                                   ZE_MEMORY_ACCESS_CAP_FLAG_CONCURRENT |
                                                   ZE_MEMORY_ACCESS_CAP_FLAG_CONCURRENT_ATOMIC);
}

TEST_F(Init, QueueGroupsOfferComputeAndCopy) {
    std::uint32_t count = 0;
    ZE_ASSERT(zeDeviceGetCommandQueueGroupProperties(device, &count, nullptr));
    ASSERT_EQ(count, 2u);
    ze_command_queue_group_properties_t groups[2] = {};
    for (auto& group : groups) group.stype = ZE_STRUCTURE_TYPE_COMMAND_QUEUE_GROUP_PROPERTIES;
    ZE_ASSERT(zeDeviceGetCommandQueueGroupProperties(device, &count, groups));
    EXPECT_TRUE(groups[0].flags & ZE_COMMAND_QUEUE_GROUP_PROPERTY_FLAG_COMPUTE);
    EXPECT_TRUE(groups[0].flags & ZE_COMMAND_QUEUE_GROUP_PROPERTY_FLAG_COPY);
    EXPECT_FALSE(groups[1].flags & ZE_COMMAND_QUEUE_GROUP_PROPERTY_FLAG_COMPUTE);
    for (const auto& group : groups) EXPECT_GE(group.numQueues, 1u);
}

TEST_F(Init, MemoryPropertiesFillTheExtension) {
    ze_device_memory_ext_properties_t ext{};
    ext.stype = ZE_STRUCTURE_TYPE_DEVICE_MEMORY_EXT_PROPERTIES;
    ze_device_memory_properties_t p{};
    p.stype = ZE_STRUCTURE_TYPE_DEVICE_MEMORY_PROPERTIES;
    p.pNext = &ext;
    std::uint32_t count = 1;
    ZE_ASSERT(zeDeviceGetMemoryProperties(device, &count, &p));
    EXPECT_EQ(p.totalSize, 256ull << 20) << "FAULTLINE_VRAM_MIB of this test";
    EXPECT_EQ(ext.physicalSize, p.totalSize);
}

TEST_F(Init, OtherPropertyQueriesAnswer) {
    ze_device_compute_properties_t compute{};
    compute.stype = ZE_STRUCTURE_TYPE_DEVICE_COMPUTE_PROPERTIES;
    ZE_ASSERT(zeDeviceGetComputeProperties(device, &compute));
    EXPECT_GE(compute.maxTotalGroupSize, 256u);
    ze_device_module_properties_t modules{};
    modules.stype = ZE_STRUCTURE_TYPE_DEVICE_MODULE_PROPERTIES;
    ZE_ASSERT(zeDeviceGetModuleProperties(device, &modules));
    EXPECT_EQ(modules.spirvVersionSupported, static_cast<std::uint32_t>(ZE_MAKE_VERSION(1, 2)));
    EXPECT_TRUE(modules.flags & ZE_DEVICE_MODULE_FLAG_INT64_ATOMICS);
    ze_device_image_properties_t images{};
    images.stype = ZE_STRUCTURE_TYPE_DEVICE_IMAGE_PROPERTIES;
    images.maxImageDims2D = 7;
    ZE_ASSERT(zeDeviceGetImageProperties(device, &images));
    EXPECT_EQ(images.maxImageDims2D, 0u);
    ze_device_external_memory_properties_t external{};
    external.stype = ZE_STRUCTURE_TYPE_DEVICE_EXTERNAL_MEMORY_PROPERTIES;
    ZE_ASSERT(zeDeviceGetExternalMemoryProperties(device, &external));
    std::uint32_t count = 0;
    ZE_ASSERT(zeDeviceGetCacheProperties(device, &count, nullptr));
    ze_bool_t peer = 0;
    ZE_ASSERT(zeDeviceCanAccessPeer(device, device, &peer));
    EXPECT_TRUE(peer);
    ze_device_p2p_properties_t p2p{};
    p2p.stype = ZE_STRUCTURE_TYPE_DEVICE_P2P_PROPERTIES;
    ZE_ASSERT(zeDeviceGetP2PProperties(device, device, &p2p));
    ZE_ASSERT(zeDeviceGetStatus(device));
}

}  // namespace
}  // namespace faultline
