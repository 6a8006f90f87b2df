// Many threads of one program at once: queues, contexts, allocations and malloc memory that comes and goes, with less
// VRAM than they use together. Data is checked after every launch.
#include <atomic>
#include <chrono>
#include <cstdlib>
#include <random>
#include <thread>

#include "tests/reference/driver/fixture.h"

namespace faultline {
namespace {

class Stress : public ZeTest {
protected:
    static constexpr std::size_t kMaxBytes = 24u << 20;

    /// Together, however busy the machine is: a hang is ended by ctest.
    static constexpr int kAtLeast = 24;

    /// One thread's program: until the deadline, writes with the device and reads with the CPU. Counts what it
    /// verified.
    void program(unsigned seed, bool own_context, std::chrono::steady_clock::time_point deadline) {
        std::mt19937 random(seed);
        ze_context_handle_t mine = context;
        if (own_context) {
            ze_context_desc_t desc{ZE_STRUCTURE_TYPE_CONTEXT_DESC, nullptr, 0};
            ZE_ASSERT(zeContextCreate(driver, &desc, &mine));
        }
        const ze_command_queue_desc_t desc = queue_desc(0, ZE_COMMAND_QUEUE_MODE_SYNCHRONOUS);
        ze_command_list_handle_t list = nullptr;
        ZE_ASSERT(zeCommandListCreateImmediate(mine, device, &desc, &list));
        ze_kernel_desc_t kernel_desc{ZE_STRUCTURE_TYPE_KERNEL_DESC, nullptr, 0, "fill_ids"};
        ze_kernel_handle_t fill = nullptr;
        ZE_ASSERT(zeKernelCreate(module, &kernel_desc, &fill));
        ZE_ASSERT(zeKernelSetGroupSize(fill, 256, 1, 1));
        while ((std::chrono::steady_clock::now() < deadline || verified < kAtLeast) && !HasFailure()) {
            const std::size_t groups = 1 + random() % (kMaxBytes / 1024);
            const std::size_t words = groups * 256;
            const auto base = static_cast<std::uint32_t>(random());
            // Memory from malloc, USM of the device copied back, or shared USM.
            const unsigned kind = random() % 4;
            void* p = nullptr;
            if (kind < 2) {
                p = std::malloc(words * 4);
                if (kind == 1) std::memset(p, 0x77, words * 4);
            } else {
                ze_device_mem_alloc_desc_t device_desc{ZE_STRUCTURE_TYPE_DEVICE_MEM_ALLOC_DESC, nullptr, 0, 0};
                ze_host_mem_alloc_desc_t host_desc{ZE_STRUCTURE_TYPE_HOST_MEM_ALLOC_DESC, nullptr, 0};
                if (kind == 2) {
                    ZE_ASSERT(zeMemAllocShared(mine, &device_desc, &host_desc, words * 4, 0, device, &p));
                }
                if (kind == 3) {
                    const ze_result_t result = zeMemAllocDevice(mine, &device_desc, words * 4, 0, device, &p);
                    if (result == ZE_RESULT_ERROR_OUT_OF_DEVICE_MEMORY)
                        continue;  // the others have it, and it is pinned
                    ZE_ASSERT(result);
                }
            }
            ZE_ASSERT(zeKernelSetArgumentValue(fill, 0, sizeof(p), &p));
            ZE_ASSERT(zeKernelSetArgumentValue(fill, 1, sizeof(base), &base));
            const ze_group_count_t count{static_cast<std::uint32_t>(groups), 1, 1};
            ZE_ASSERT(zeCommandListAppendLaunchKernel(list, fill, &count, nullptr, 0, nullptr));
            std::vector<std::uint32_t> copy;
            const std::uint32_t* found = static_cast<const std::uint32_t*>(p);
            if (kind == 3) {
                copy.resize(words);
                ZE_ASSERT(zeCommandListAppendMemoryCopy(list, copy.data(), p, words * 4, nullptr, 0, nullptr));
                found = copy.data();
            }
            for (std::size_t i = 0; i < words; ++i) {
                ASSERT_EQ(found[i], base + static_cast<std::uint32_t>(i)) << "word " << i << " of kind " << kind;
            }
            if (kind < 2) {
                std::free(p);
            } else {
                ZE_ASSERT(zeMemFree(mine, p));
            }
            ++verified;
        }
        ZE_EXPECT(zeKernelDestroy(fill));
        ZE_EXPECT(zeCommandListDestroy(list));
        if (own_context) {
            ZE_EXPECT(zeContextDestroy(mine));
        }
    }

    std::atomic<int> verified{0};
};

TEST_F(Stress, ThreadsContextsAndMemoryAtOnce) {
    const unsigned seed = std::random_device()();
    std::printf("seed %u\n", seed);
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(5);
    std::vector<std::thread> threads;
    for (unsigned i = 0; i < 6; ++i) threads.emplace_back([=, this] { program(seed + i, i % 2 == 0, deadline); });
    for (std::thread& thread : threads) thread.join();
    std::printf("%d launches verified\n", verified.load());
}

}  // namespace
}  // namespace faultline
