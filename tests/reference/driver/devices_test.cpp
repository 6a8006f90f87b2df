// Two devices with a link (model native-2): what the loader shows of them, and where pages go.
#include <cstring>

#include "tests/reference/driver/several_devices.h"

namespace faultline {
namespace {

// ZE_MEMORY_ADVICE_SET_SYSTEM_MEMORY_PREFERRED_LOCATION of later headers, which this loader's validation does not know.
constexpr auto kSetSystemMemoryPreferred = static_cast<ze_memory_advice_t>(8);

class TwoDevices : public SeveralDevices {
protected:
    void SetUp() override {
        SeveralDevices::SetUp();
        ASSERT_EQ(2u, devices.size());
    }
};

TEST_F(TwoDevices, ReachEachOther) {
    ze_bool_t can = 0;
    ZE_EXPECT(zeDeviceCanAccessPeer(devices[0], devices[1], &can));
    EXPECT_TRUE(can);
    ze_device_p2p_properties_t properties{};
    properties.stype = ZE_STRUCTURE_TYPE_DEVICE_P2P_PROPERTIES;
    ZE_EXPECT(zeDeviceGetP2PProperties(devices[0], devices[1], &properties));
    EXPECT_EQ(static_cast<ze_device_p2p_property_flags_t>(ZE_DEVICE_P2P_PROPERTY_FLAG_ACCESS), properties.flags)
        << "no atomics over the link";
}

TEST_F(TwoDevices, TakePagesFromEachOther) {
    constexpr std::size_t kBytes = 8u << 20;
    MallocMemory memory(kBytes);
    std::memset(memory.data, 0, kBytes);
    for (std::uint32_t round = 1; round <= 6; ++round) {
        touch(devices[round % 2], memory.data, kBytes);
        ASSERT_EQ(static_cast<std::int32_t>(round % 2), where(memory.data)) << "round " << round;
    }
    for (std::size_t page = 0; page < kBytes / 4096; ++page) ASSERT_EQ(6u, memory.words()[page * 1024]);
    EXPECT_EQ(FAULTLINE_RESIDENCY_SYSTEM, where(memory.data));
}

TEST_F(TwoDevices, AdviceSaysWhereFaultsMigrateTo) {
    constexpr std::size_t kBytes = 4u << 20;
    MallocMemory memory(kBytes);
    std::memset(memory.data, 0, kBytes);
    device = devices[0];
    ze_command_list_handle_t list = make_immediate();
    ZE_EXPECT(zeCommandListAppendMemAdvise(list, devices[0], memory.data, 2u << 20, kSetSystemMemoryPreferred));
    touch(devices[0], memory.data, kBytes);
    EXPECT_EQ(FAULTLINE_RESIDENCY_SYSTEM, where(memory.data));
    EXPECT_EQ(0, where(memory.words() + (2u << 20) / 4)) << "beyond what was advised";
    ZE_EXPECT(
        zeCommandListAppendMemAdvise(list, devices[0], memory.data, kBytes, ZE_MEMORY_ADVICE_CLEAR_PREFERRED_LOCATION));
    touch(devices[0], memory.data, kBytes);
    EXPECT_EQ(0, where(memory.data));
    EXPECT_EQ(ZE_RESULT_ERROR_UNSUPPORTED_FEATURE,
              zeCommandListAppendMemAdvise(list, devices[0], memory.data, 4096, ZE_MEMORY_ADVICE_SET_READ_MOSTLY));
    ZE_EXPECT(zeCommandListDestroy(list));
    for (std::size_t page = 0; page < kBytes / 4096; ++page) ASSERT_EQ(2u, memory.words()[page * 1024]);
}

TEST_F(TwoDevices, AdviceLeavesMemoryWithAPeer) {
    constexpr std::size_t kBytes = 4u << 20;
    MallocMemory memory(kBytes);
    std::memset(memory.data, 0, kBytes);
    touch(devices[1], memory.data, kBytes);
    ASSERT_EQ(1, where(memory.data));
    device = devices[0];
    ze_command_list_handle_t list = make_immediate();
    ZE_EXPECT(
        zeCommandListAppendMemAdvise(list, devices[1], memory.data, kBytes, ZE_MEMORY_ADVICE_SET_PREFERRED_LOCATION));
    touch(devices[0], memory.data, kBytes);
    EXPECT_EQ(1, where(memory.data)) << "device 0 reaches it over the link";
    ZE_EXPECT(
        zeCommandListAppendMemAdvise(list, devices[0], memory.data, kBytes, ZE_MEMORY_ADVICE_CLEAR_PREFERRED_LOCATION));
    touch(devices[0], memory.data, kBytes);
    EXPECT_EQ(0, where(memory.data));
    ZE_EXPECT(zeCommandListDestroy(list));
    for (std::size_t page = 0; page < kBytes / 4096; ++page) ASSERT_EQ(3u, memory.words()[page * 1024]);
}

TEST_F(TwoDevices, HaveMemoryOfTheirOwn) {
    for (unsigned i = 0; i < 2; ++i) {
        ze_device_mem_alloc_desc_t desc{ZE_STRUCTURE_TYPE_DEVICE_MEM_ALLOC_DESC, nullptr, 0, 0};
        void* p = nullptr;
        ZE_ASSERT(zeMemAllocDevice(context, &desc, 1u << 20, 0, devices[i], &p));
        EXPECT_EQ(static_cast<std::int32_t>(i), where(p));
        ZE_EXPECT(zeMemFree(context, p));
    }
}

}  // namespace
}  // namespace faultline
