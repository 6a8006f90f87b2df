// Models with several devices or tiles, as a program sees them; run once for each such model.
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

#include "tests/reference/driver/several_devices.h"

namespace faultline {
namespace {

class Models : public SeveralDevices {
protected:
    void SetUp() override {
        SeveralDevices::SetUp();
        ZE_ASSERT(zeDriverGetExtensionFunctionAddress(driver, FAULTLINE_GET_TEXT, reinterpret_cast<void**>(&get_text)));
        ZE_ASSERT(
            zeDriverGetExtensionFunctionAddress(driver, FAULTLINE_GET_GT_STATS, reinterpret_cast<void**>(&get_stats)));
        model = text(FAULTLINE_TEXT_MODEL);
    }

    std::string text(faultline_text_t which) {
        char buffer[8192] = {};
        std::size_t size = sizeof(buffer);
        ZE_EXPECT(get_text(devices[0], which, &size, buffer));
        return buffer;
    }
    std::uint64_t faults(ze_device_handle_t of) {
        char buffer[8192] = {};
        std::size_t size = sizeof(buffer);
        ZE_EXPECT(get_stats(of, &size, buffer));
        const std::string key = "\nsvm_pagefault_count: ";
        return std::stoull(std::string(buffer).substr(std::string(buffer).find(key) + key.size()));
    }
    std::vector<ze_device_handle_t> tiles_of(ze_device_handle_t root) {
        std::uint32_t count = 0;
        ZE_EXPECT(zeDeviceGetSubDevices(root, &count, nullptr));
        std::vector<ze_device_handle_t> tiles(count);
        ZE_EXPECT(zeDeviceGetSubDevices(root, &count, count == 0 ? nullptr : tiles.data()));
        return tiles;
    }
    static ze_device_properties_t properties_of(ze_device_handle_t of) {
        ze_device_properties_t p{};
        p.stype = ZE_STRUCTURE_TYPE_DEVICE_PROPERTIES;
        ZE_EXPECT(zeDeviceGetProperties(of, &p));
        return p;
    }
    static std::uint64_t memory_of(ze_device_handle_t of) {
        std::uint32_t count = 1;
        ze_device_memory_properties_t p{};
        p.stype = ZE_STRUCTURE_TYPE_DEVICE_MEMORY_PROPERTIES;
        ZE_EXPECT(zeDeviceGetMemoryProperties(of, &count, &p));
        return p.totalSize;
    }

    std::string model;
    faultline_pfnDeviceGetText_t get_text = nullptr;
    faultline_pfnDeviceGetGtStats_t get_stats = nullptr;
};

TEST_F(Models, HasTheDevicesTilesAndLinksThatItStates) {
    ASSERT_STREQ(std::getenv("FAULTLINE_MODEL"), model.c_str());
    EXPECT_EQ("Faultline reference (model: " + model + ")", properties_of(devices[0]).name);
    const std::size_t expected = model == "mesh-4" ? 4 : model == "pcie-2" ? 2 : 1;
    ASSERT_EQ(expected, devices.size());
    for (ze_device_handle_t a : devices) {
        EXPECT_EQ(model == "two-tile" ? 2u : 0u, tiles_of(a).size());
        for (ze_device_handle_t b : devices) {
            ze_bool_t can = 0;
            ZE_EXPECT(zeDeviceCanAccessPeer(a, b, &can));
            EXPECT_EQ(a == b || model != "pcie-2", can != 0);
        }
    }
}

TEST_F(Models, PagesFollowTheDeviceThatTouchesThem) {
    constexpr std::size_t kBytes = 4u << 20;
    MallocMemory memory(kBytes);
    std::memset(memory.data, 0, kBytes);
    std::uint32_t rounds = 0;
    for (std::size_t i = 0; i < devices.size(); ++i, ++rounds) {
        touch(devices[i], memory.data, kBytes);
        EXPECT_EQ(static_cast<std::int32_t>(i), where(memory.data));
    }
    for (std::size_t i = 0; i < kBytes / 4096; ++i) ASSERT_EQ(rounds, memory.words()[i * 1024]);
}

TEST_F(Models, CopiesBetweenDevicesBringTheirBytes) {
    constexpr std::size_t kBytes = 1u << 20;
    const ze_device_mem_alloc_desc_t desc{ZE_STRUCTURE_TYPE_DEVICE_MEM_ALLOC_DESC, nullptr, 0, 0};
    std::vector<ze_device_handle_t> places = devices;
    for (ze_device_handle_t tile : tiles_of(devices[0])) places.push_back(tile);
    std::vector<std::uint32_t> words(kBytes / 4);
    for (std::size_t i = 0; i < words.size(); ++i) words[i] = static_cast<std::uint32_t>(i * 7);
    std::vector<void*> buffers(places.size());
    for (std::size_t i = 0; i < places.size(); ++i)
        ZE_ASSERT(zeMemAllocDevice(context, &desc, kBytes, 0, places[i], &buffers[i]));
    const void* from = words.data();
    for (std::size_t i = 0; i < places.size(); ++i) {
        device = places[i];
        ze_command_list_handle_t list = make_immediate();
        ZE_EXPECT(zeCommandListAppendMemoryCopy(list, buffers[i], from, kBytes, nullptr, 0, nullptr));
        ZE_EXPECT(zeCommandListDestroy(list));
        from = buffers[i];
    }
    std::vector<std::uint32_t> back(words.size());
    ze_command_list_handle_t list = make_immediate();
    ZE_EXPECT(zeCommandListAppendMemoryCopy(list, back.data(), from, kBytes, nullptr, 0, nullptr));
    ZE_EXPECT(zeCommandListDestroy(list));
    EXPECT_EQ(words, back);
    for (void* buffer : buffers) ZE_EXPECT(zeMemFree(context, buffer));
}

TEST_F(Models, ATileRunsItsOwnKernels) {
    const std::vector<ze_device_handle_t> tiles = tiles_of(devices[0]);
    if (tiles.empty()) GTEST_SKIP() << "the model " << model << " has no tiles";
    EXPECT_EQ(2u, properties_of(devices[0]).numSlices);
    EXPECT_EQ(2 * memory_of(tiles[0]), memory_of(devices[0]));
    constexpr std::size_t kBytes = 2u << 20;
    for (std::size_t i = 0; i < tiles.size(); ++i) {
        const ze_device_properties_t p = properties_of(tiles[i]);
        EXPECT_EQ(i, p.subdeviceId);
        EXPECT_NE(0u, p.flags & ZE_DEVICE_PROPERTY_FLAG_SUBDEVICE);
        EXPECT_EQ(1u, p.numSlices);
        MallocMemory memory(kBytes);
        std::memset(memory.data, 0, kBytes);
        const std::uint64_t own = faults(tiles[i]);
        const std::uint64_t other = faults(tiles[1 - i]);
        touch(tiles[i], memory.data, kBytes);
        EXPECT_LT(own, faults(tiles[i]));
        EXPECT_EQ(other, faults(tiles[1 - i])) << "a kernel of one tile ran on the other";
        EXPECT_EQ(faults(devices[0]), faults(tiles[0]) + faults(tiles[1]));
        EXPECT_EQ(0, where(memory.data));
        // The other tile finds the pages in its sibling's memory, or takes them; either way they are the device's.
        touch(tiles[1 - i], memory.data, kBytes);
        EXPECT_EQ(0, where(memory.data));
        for (std::size_t page = 0; page < kBytes / 4096; ++page) ASSERT_EQ(2u, memory.words()[page * 1024]);
    }
}

// What does not fit into one tile is allocated in the other. (A page of an earlier test may still be on its way out.)
TEST_F(Models, ARootDevicesMemoryIsThatOfItsTiles) {
    const std::vector<ze_device_handle_t> tiles = tiles_of(devices[0]);
    if (tiles.empty()) GTEST_SKIP() << "the model " << model << " has no tiles";
    const auto fill = [&](ze_device_handle_t of) {
        const ze_device_mem_alloc_desc_t desc{ZE_STRUCTURE_TYPE_DEVICE_MEM_ALLOC_DESC, nullptr, 0, 0};
        std::vector<void*> quarters;
        void* p = nullptr;
        while (zeMemAllocDevice(context, &desc, memory_of(tiles[0]) / 4, 0, of, &p) == ZE_RESULT_SUCCESS)
            quarters.push_back(p);
        for (void* quarter : quarters) ZE_EXPECT(zeMemFree(context, quarter));
        return quarters.size();
    };
    EXPECT_THAT(fill(devices[0]), ::testing::AllOf(::testing::Gt(4u), ::testing::Le(8u)));
    for (ze_device_handle_t tile : tiles)
        EXPECT_THAT(fill(tile), ::testing::AllOf(::testing::Gt(2u), ::testing::Le(4u)));
}

}  // namespace
}  // namespace faultline
