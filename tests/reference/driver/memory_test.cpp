// Unified shared memory of every kind, and malloc memory, from the CPU, from kernels and from copies.
#include <sys/mman.h>

#include <csignal>

#include "device/faultline_ext.h"
#include "tests/reference/driver/fixture.h"

namespace faultline {
namespace {

constexpr std::uint32_t kWords = 1u << 20;
constexpr std::size_t kBytes = kWords * sizeof(std::uint32_t);

class Memory : public ZeTest {
protected:
    void* alloc_device(std::size_t size, std::size_t alignment = 0) {
        ze_device_mem_alloc_desc_t desc{ZE_STRUCTURE_TYPE_DEVICE_MEM_ALLOC_DESC, nullptr, 0, 0};
        void* p = nullptr;
        ZE_EXPECT(zeMemAllocDevice(context, &desc, size, alignment, device, &p));
        return p;
    }
    void* alloc_shared(std::size_t size) {
        ze_device_mem_alloc_desc_t device_desc{ZE_STRUCTURE_TYPE_DEVICE_MEM_ALLOC_DESC, nullptr, 0, 0};
        ze_host_mem_alloc_desc_t host_desc{ZE_STRUCTURE_TYPE_HOST_MEM_ALLOC_DESC, nullptr, 0};
        void* p = nullptr;
        ZE_EXPECT(zeMemAllocShared(context, &device_desc, &host_desc, size, 0, device, &p));
        return p;
    }
    void* alloc_host(std::size_t size) {
        ze_host_mem_alloc_desc_t desc{ZE_STRUCTURE_TYPE_HOST_MEM_ALLOC_DESC, nullptr, 0};
        void* p = nullptr;
        ZE_EXPECT(zeMemAllocHost(context, &desc, size, 0, &p));
        return p;
    }
    ze_memory_type_t type_of(const void* p) {
        ze_memory_allocation_properties_t properties{};
        properties.stype = ZE_STRUCTURE_TYPE_MEMORY_ALLOCATION_PROPERTIES;
        ze_device_handle_t owner = nullptr;
        ZE_EXPECT(zeMemGetAllocProperties(context, p, &properties, &owner));
        return properties.type;
    }
    std::int32_t residency(const void* p) {
        faultline_pfnDriverGetResidency_t get = nullptr;
        ZE_EXPECT(zeDriverGetExtensionFunctionAddress(driver, FAULTLINE_GET_RESIDENCY, reinterpret_cast<void**>(&get)));
        std::int32_t where = FAULTLINE_RESIDENCY_SYSTEM;
        ZE_EXPECT(get(driver, p, 1, &where));
        return where;
    }
    void fill_on_device(void* p, std::uint32_t base) {
        ze_kernel_handle_t fill = kernel("fill_ids");
        set_arg(fill, 0, p);
        set_arg(fill, 1, base);
        ZE_EXPECT(launch(fill, kWords / 256, 256));
    }
    void copy(void* dst, const void* src, std::size_t size) {
        ze_command_list_handle_t list = make_immediate();
        ZE_EXPECT(zeCommandListAppendMemoryCopy(list, dst, src, size, nullptr, 0, nullptr));
        ZE_EXPECT(zeCommandListDestroy(list));
    }
    static void expect_ids(const std::uint32_t* words, std::uint32_t base) {
        for (std::uint32_t i = 0; i < kWords; ++i) ASSERT_EQ(words[i], base + i) << "word " << i;
    }
};

TEST_F(Memory, KernelsFaultOnMallocMemory) {
    MallocMemory memory(kBytes);
    std::memset(memory.data, 0xff, kBytes);
    fill_on_device(memory.data, 7);
    expect_ids(memory.words(), 7);
    // Back on the CPU; once more on the device, from CPU-written values.
    ze_kernel_handle_t add = kernel("add_one");
    set_arg(add, 0, memory.data);
    ZE_ASSERT(launch(add, kWords / 256, 256));
    expect_ids(memory.words(), 8);
}

TEST_F(Memory, KernelsFaultOnUntouchedMallocMemory) {
    MallocMemory memory(kBytes);
    fill_on_device(memory.data, 100);
    expect_ids(memory.words(), 100);
}

TEST_F(Memory, AtomicsOfCpuAndDeviceMeet) {
    MallocMemory memory(4096);
    auto* counter = memory.words();
    *counter = 0;
    ze_kernel_handle_t count = kernel("count");
    set_arg(count, 0, memory.data);
    ZE_ASSERT(zeKernelSetGroupSize(count, 64, 1, 1));
    ze_command_list_handle_t list = make_immediate(ZE_COMMAND_QUEUE_MODE_ASYNCHRONOUS);
    ze_event_pool_handle_t pool = make_pool(1);
    ze_event_handle_t done = make_event(pool, 0);
    const ze_group_count_t groups{64, 1, 1};
    ZE_ASSERT(zeCommandListAppendLaunchKernel(list, count, &groups, done, 0, nullptr));
    for (int i = 0; i < 1000; ++i) __atomic_fetch_add(counter, 1, __ATOMIC_RELAXED);
    ZE_ASSERT(zeEventHostSynchronize(done, kForever));
    EXPECT_EQ(*counter, 64u * 64u + 1000u);
    ZE_EXPECT(zeEventDestroy(done));
    ZE_EXPECT(zeEventPoolDestroy(pool));
    ZE_EXPECT(zeCommandListDestroy(list));
}

// Host memory never migrates: what the properties claim of its atomics holds where it is.
TEST_F(Memory, AtomicsOfTheDeviceWorkOnHostMemory) {
    ze_device_memory_access_properties_t access{};
    access.stype = ZE_STRUCTURE_TYPE_DEVICE_MEMORY_ACCESS_PROPERTIES;
    ZE_ASSERT(zeDeviceGetMemoryAccessProperties(device, &access));
    ASSERT_NE(access.hostAllocCapabilities & ZE_MEMORY_ACCESS_CAP_FLAG_CONCURRENT_ATOMIC, 0u);
    for (const std::size_t size : {std::size_t{4096}, kBytes}) {
        auto* counter = static_cast<std::uint32_t*>(alloc_host(size));
        ASSERT_NE(counter, nullptr);
        ze_kernel_handle_t count = kernel("count");
        set_arg(count, 0, static_cast<void*>(counter));
        // Once where a read has mapped it before.
        ze_kernel_handle_t load = kernel("load_at");
        set_arg(load, 0, static_cast<void*>(counter));
        set_arg(load, 1, static_cast<void*>(counter + 1));
        ZE_ASSERT(launch(count, 64, 64));
        ZE_ASSERT(launch(load, 1, 1));
        ZE_ASSERT(launch(count, 64, 64));
        EXPECT_EQ(counter[0], 2 * 64u * 64u);
        EXPECT_EQ(counter[1], 64u * 64u);
        ZE_EXPECT(zeMemFree(context, counter));
    }
}

// What is mapped where host memory was is ordinary memory again: an atomic takes even a page alone to VRAM.
TEST_F(Memory, WhereHostMemoryWasAtomicsMigrate) {
    auto* host = static_cast<std::byte*>(alloc_host(2u << 20));
    ASSERT_NE(host, nullptr);
    ZE_ASSERT(zeMemFree(context, host));
    void* page = host + (1u << 20);
    ASSERT_EQ(mmap(page, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0), page);
    ze_kernel_handle_t count = kernel("count");
    set_arg(count, 0, page);
    ZE_ASSERT(launch(count, 1, 1));
    EXPECT_EQ(residency(page), 0);
    EXPECT_EQ(*static_cast<std::uint32_t*>(page), 1u);
    munmap(page, 4096);
}

TEST_F(Memory, DeviceMemoryHoldsWhatKernelsAndCopiesWrite) {
    void* p = alloc_device(kBytes);
    ASSERT_NE(p, nullptr);
    fill_on_device(p, 40);
    std::vector<std::uint32_t> back(kWords);
    copy(back.data(), p, kBytes);
    expect_ids(back.data(), 40);

    for (std::uint32_t& word : back) word += 2;
    copy(p, back.data(), kBytes);
    ze_kernel_handle_t add = kernel("add_one");
    set_arg(add, 0, p);
    ZE_ASSERT(launch(add, kWords / 256, 256));
    std::vector<std::uint32_t> again(kWords);
    copy(again.data(), p, kBytes);
    expect_ids(again.data(), 43);

    EXPECT_EQ(type_of(p), ZE_MEMORY_TYPE_DEVICE);
    ZE_EXPECT(zeMemFree(context, p));
}

TEST_F(Memory, DeviceMemoryIsNotTheCpus) {
    void* p = alloc_device(4096);
    ASSERT_NE(p, nullptr);
    EXPECT_EXIT(*static_cast<volatile int*>(p) = 1, ::testing::KilledBySignal(SIGSEGV), "");
    ZE_EXPECT(zeMemFree(context, p));
}

TEST_F(Memory, DeviceMemoryIsFreedForReuse) {
    // 256 MiB of VRAM hold this only if each free gives its block back.
    for (int i = 0; i < 8; ++i) {
        void* p = alloc_device(128u << 20);
        ASSERT_NE(p, nullptr);
        ZE_ASSERT(zeMemFree(context, p));
    }
    ze_device_mem_alloc_desc_t desc{ZE_STRUCTURE_TYPE_DEVICE_MEM_ALLOC_DESC, nullptr, 0, 0};
    void* p = nullptr;
    EXPECT_EQ(zeMemAllocDevice(context, &desc, 4ull << 30, 0, device, &p), ZE_RESULT_ERROR_UNSUPPORTED_SIZE);
    void* half = alloc_device(128u << 20);
    void* other = alloc_device(64u << 20);
    EXPECT_EQ(zeMemAllocDevice(context, &desc, 128u << 20, 0, device, &p), ZE_RESULT_ERROR_OUT_OF_DEVICE_MEMORY);
    ZE_EXPECT(zeMemFree(context, half));
    ZE_EXPECT(zeMemFree(context, other));
}

TEST_F(Memory, HostMemoryIsReachedFromBothSides) {
    auto* p = static_cast<std::uint32_t*>(alloc_host(kBytes));
    ASSERT_NE(p, nullptr);
    std::fill(p, p + kWords, 5u);
    ze_kernel_handle_t add = kernel("add_one");
    set_arg(add, 0, static_cast<void*>(p));
    ZE_ASSERT(launch(add, kWords / 256, 256));
    for (std::uint32_t i = 0; i < kWords; ++i) ASSERT_EQ(p[i], 6u);
    EXPECT_EQ(type_of(p), ZE_MEMORY_TYPE_HOST);
    ZE_EXPECT(zeMemFree(context, p));
}

TEST_F(Memory, SharedMemoryGoesToTheDeviceAndBack) {
    auto* p = static_cast<std::uint32_t*>(alloc_shared(kBytes));
    ASSERT_NE(p, nullptr);
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(p) % (2u << 20), 0u);
    for (std::uint32_t round = 0; round < 3; ++round) {
        fill_on_device(p, round);
        expect_ids(p, round);
    }
    EXPECT_EQ(type_of(p), ZE_MEMORY_TYPE_SHARED);
    ZE_EXPECT(zeMemFree(context, p));
}

TEST_F(Memory, PropertiesTellAllocationsApart) {
    MallocMemory memory(4096);
    EXPECT_EQ(type_of(memory.data), ZE_MEMORY_TYPE_UNKNOWN);
    void* a = alloc_device(10000, 1u << 16);
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(a) % (1u << 16), 0u);
    void* base = nullptr;
    std::size_t size = 0;
    ZE_ASSERT(zeMemGetAddressRange(context, static_cast<char*>(a) + 9999, &base, &size));
    EXPECT_EQ(base, a);
    EXPECT_EQ(size, 10000u);
    EXPECT_NE(zeMemGetAddressRange(context, memory.data, &base, &size), ZE_RESULT_SUCCESS);
    ZE_EXPECT(zeMemFree(context, a));
    EXPECT_EQ(zeMemFree(context, a), ZE_RESULT_ERROR_INVALID_ARGUMENT) << "freed twice";
    EXPECT_EQ(type_of(a), ZE_MEMORY_TYPE_UNKNOWN);
}

TEST_F(Memory, ResidencyCallsMoveSharedMemory) {
    auto* p = static_cast<std::uint32_t*>(alloc_shared(kBytes));
    std::fill(p, p + kWords, 9u);
    ZE_EXPECT(zeContextMakeMemoryResident(context, device, p, kBytes));
    ZE_EXPECT(zeContextEvictMemory(context, device, p, kBytes));
    for (std::uint32_t i = 0; i < kWords; ++i) ASSERT_EQ(p[i], 9u);
    ZE_EXPECT(zeMemFree(context, p));
}

TEST_F(Memory, FillAndRegionCopy) {
    constexpr std::uint32_t kPitch = 64, kRows = 16;
    std::vector<std::uint8_t> src(kPitch * kRows), dst(kPitch * kRows, 0xee);
    const std::uint32_t pattern = 0x01020304;
    ze_command_list_handle_t list = make_immediate();
    ZE_ASSERT(
        zeCommandListAppendMemoryFill(list, src.data(), &pattern, sizeof(pattern), src.size(), nullptr, 0, nullptr));
    for (std::size_t i = 0; i < src.size(); ++i) ASSERT_EQ(src[i], 4 - i % 4);
    const ze_copy_region_t from{4, 2, 0, 8, 3, 1};
    const ze_copy_region_t to{16, 5, 0, 8, 3, 1};
    ZE_ASSERT(zeCommandListAppendMemoryCopyRegion(list, dst.data(), &to, kPitch, 0, src.data(), &from, kPitch, 0,
                                                  nullptr, 0, nullptr));
    for (std::uint32_t y = 0; y < kRows; ++y) {
        for (std::uint32_t x = 0; x < kPitch; ++x) {
            const bool inside = y >= 5 && y < 8 && x >= 16 && x < 24;
            ASSERT_EQ(dst[y * kPitch + x], inside ? 4 - x % 4 : 0xee) << x << "," << y;
        }
    }
    ZE_EXPECT(zeCommandListDestroy(list));
}

TEST_F(Memory, ContextsDoNotShareDeviceMemory) {
    void* p = alloc_device(4096);
    ze_context_desc_t desc{ZE_STRUCTURE_TYPE_CONTEXT_DESC, nullptr, 0};
    ze_context_handle_t other = nullptr;
    ZE_ASSERT(zeContextCreate(driver, &desc, &other));
    ze_memory_allocation_properties_t properties{};
    properties.stype = ZE_STRUCTURE_TYPE_MEMORY_ALLOCATION_PROPERTIES;
    ZE_ASSERT(zeMemGetAllocProperties(other, p, &properties, nullptr));
    EXPECT_EQ(properties.type, ZE_MEMORY_TYPE_UNKNOWN);
    EXPECT_NE(zeMemFree(other, p), ZE_RESULT_SUCCESS);
    ZE_EXPECT(zeContextDestroy(other));
    ZE_EXPECT(zeMemFree(context, p));
}

}  // namespace
}  // namespace faultline
