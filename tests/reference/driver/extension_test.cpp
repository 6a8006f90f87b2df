// The reference's extension: GT counters that move with the faults, texts, residency.
#include <cstring>
#include <numeric>
#include <sstream>

#include "device/faultline_ext.h"
#include "tests/reference/driver/fixture.h"

namespace faultline {
namespace {

class Extension : public ZeTest {
protected:
    void SetUp() override {
        ZeTest::SetUp();
        ZE_ASSERT(
            zeDriverGetExtensionFunctionAddress(driver, FAULTLINE_GET_GT_STATS, reinterpret_cast<void**>(&get_stats)));
        ZE_ASSERT(zeDriverGetExtensionFunctionAddress(driver, FAULTLINE_GET_TEXT, reinterpret_cast<void**>(&get_text)));
        ZE_ASSERT(zeDriverGetExtensionFunctionAddress(driver, FAULTLINE_GET_RESIDENCY,
                                                      reinterpret_cast<void**>(&get_residency)));
    }
    std::uint64_t counter(const std::string& name) {
        std::size_t size = 0;
        ZE_EXPECT(get_stats(device, &size, nullptr));
        size += 64;  // room for counters that grow a digit in between
        std::string text(size, '\0');
        ZE_EXPECT(get_stats(device, &size, text.data()));
        std::istringstream lines(text);
        for (std::string line; std::getline(lines, line);) {
            if (line.starts_with(name + ": ")) return std::stoull(line.substr(name.size() + 2));
        }
        ADD_FAILURE() << "no counter " << name << " in\n" << text;
        return 0;
    }
    std::string text(faultline_text_t which) {
        char buffer[8192] = {};
        std::size_t size = sizeof(buffer);
        ZE_EXPECT(get_text(device, which, &size, buffer));
        return buffer;
    }
    std::vector<std::int32_t> residency(const void* p, std::size_t pages) {
        std::vector<std::int32_t> found(pages, 77);
        ZE_EXPECT(get_residency(driver, p, pages, found.data()));
        return found;
    }
    /// The device adds one to the first word of every `stride` bytes; each word is a work-group of its own.
    void touch(void* p, std::size_t bytes, std::size_t stride) {
        ze_kernel_handle_t k = kernel("touch");
        set_arg(k, 0, p);
        set_arg(k, 1, std::uint64_t{stride / 4});
        ZE_EXPECT(launch(k, static_cast<std::uint32_t>(bytes / stride), 1));
    }

    faultline_pfnDeviceGetGtStats_t get_stats = nullptr;
    faultline_pfnDeviceGetText_t get_text = nullptr;
    faultline_pfnDriverGetResidency_t get_residency = nullptr;
};

TEST_F(Extension, IsListedAndOnlyKnownNamesAreFound) {
    std::uint32_t count = 0;
    ZE_ASSERT(zeDriverGetExtensionProperties(driver, &count, nullptr));
    std::vector<ze_driver_extension_properties_t> all(count);
    ZE_ASSERT(zeDriverGetExtensionProperties(driver, &count, all.data()));
    bool listed = false;
    for (const auto& extension : all) listed |= std::string(extension.name) == FAULTLINE_EXTENSION_NAME;
    EXPECT_TRUE(listed);
    void* address = nullptr;
    EXPECT_NE(zeDriverGetExtensionFunctionAddress(driver, "noSuchFunction", &address), ZE_RESULT_SUCCESS);
}

TEST_F(Extension, FaultsAreCountedExactly) {
    constexpr std::size_t kBytes = 64u << 20;
    MallocMemory memory(kBytes);
    std::memset(memory.data, 1, kBytes);
    const std::uint64_t before = counter("svm_2M_pagefault_count");
    const std::uint64_t total = counter("svm_pagefault_count");
    touch(memory.data, kBytes, 2u << 20);
    EXPECT_EQ(counter("svm_2M_pagefault_count") - before, 32u);
    EXPECT_EQ(counter("svm_pagefault_count") - total, 32u);
    for (std::size_t i = 0; i < kBytes / 4; ++i)
        ASSERT_EQ(memory.words()[i], i % (1u << 19) == 0 ? 0x01010102u : 0x01010101u);
}

TEST_F(Extension, ResidencyFollowsMigration) {
    constexpr std::size_t kPages = 512;
    MallocMemory memory(kPages * 4096);
    std::memset(memory.data, 0, kPages * 4096);
    EXPECT_THAT(residency(memory.data, kPages), ::testing::Each(FAULTLINE_RESIDENCY_SYSTEM));
    touch(memory.data, kPages * 4096, 4096);
    EXPECT_THAT(residency(memory.data, kPages), ::testing::Each(0));
    memory.words()[0] += 1;  // the CPU's touch brings it home
    EXPECT_THAT(residency(memory.data, 1), ::testing::Each(FAULTLINE_RESIDENCY_SYSTEM));
    EXPECT_EQ(memory.words()[0], 2u);
}

TEST_F(Extension, TextsSayWhatRuns) {
    EXPECT_EQ(text(FAULTLINE_TEXT_POLICY), "xe-7.0");
    EXPECT_EQ(text(FAULTLINE_TEXT_MODEL), "native");
    EXPECT_EQ(text(FAULTLINE_TEXT_MODEL_FIGURES),
              "devices=1 device.tiles=1 device.vram_mib=256 device.eus=2 device.threads_per_eu=8 copy.engines=2");
    EXPECT_EQ(text(FAULTLINE_TEXT_LAST_ERROR), "");
    EXPECT_THAT(text(FAULTLINE_TEXT_MONITOR), ::testing::StartsWith("uffd+"));
    char small[4] = {'x', 'x', 'x', 'x'};
    std::size_t size = sizeof(small);
    EXPECT_EQ(get_text(device, FAULTLINE_TEXT_MODEL, &size, small), ZE_RESULT_ERROR_INVALID_SIZE);
    EXPECT_STREQ(small, "nat");
    EXPECT_EQ(get_text(nullptr, FAULTLINE_TEXT_MODEL, &size, small), ZE_RESULT_ERROR_INVALID_NULL_HANDLE);
}

TEST_F(Extension, ListsWhatCanBeChosen) {
    EXPECT_EQ("xe-7.0\nfine-grained\nseries-v4\n", text(FAULTLINE_TEXT_PRESETS));
    EXPECT_NE(std::string::npos, text(FAULTLINE_TEXT_VARIATIONS).find("locking=fine-grained\n"));
    EXPECT_NE(std::string::npos, text(FAULTLINE_TEXT_POLICIES).find("num_pf_work=2"));
    EXPECT_NE(std::string::npos, text(FAULTLINE_TEXT_PAGEFAULT_INFO).find("pagefault queue size: "));
}

TEST_F(Extension, ThePolicyCanBeChanged) {
    faultline_pfnDriverSetPolicy_t set_policy = nullptr;
    ZE_ASSERT(zeDriverGetExtensionFunctionAddress(driver, FAULTLINE_SET_POLICY, reinterpret_cast<void**>(&set_policy)));
    const std::string before = text(FAULTLINE_TEXT_POLICY);
    char why[256] = {};
    std::size_t size = sizeof(why);
    EXPECT_EQ(ZE_RESULT_ERROR_INVALID_ARGUMENT, set_policy(driver, "xe-7.0,queue=none", &size, why));
    EXPECT_EQ("policy: 'none' is no value of queue; values: asid-hash, round-robin, single", std::string(why));
    EXPECT_EQ(before, text(FAULTLINE_TEXT_POLICY));
    ZE_EXPECT(set_policy(driver, "series-v4,chaining=off", nullptr, nullptr));
    EXPECT_EQ("series-v4,chaining=off", text(FAULTLINE_TEXT_POLICY));
    MallocMemory memory(8u << 20);
    std::memset(memory.data, 0, 8u << 20);
    touch(memory.data, 8u << 20, 4096);
    for (std::size_t i = 0; i < 2048; ++i) ASSERT_EQ(1u, memory.words()[i * 1024]);
    ZE_EXPECT(set_policy(driver, before.c_str(), nullptr, nullptr));
    touch(memory.data, 8u << 20, 4096);
    for (std::size_t i = 0; i < 2048; ++i) ASSERT_EQ(2u, memory.words()[i * 1024]);
}

// zeCommandListAppendMemoryPrefetch moves malloc memory, and its kernels do not fault on it.
TEST_F(Extension, PrefetchSparesTheFaults) {
    MallocMemory memory(8u << 20);
    std::memset(memory.data, 0, 8u << 20);
    ze_command_list_handle_t list = make_immediate();
    ZE_EXPECT(zeCommandListAppendMemoryPrefetch(list, memory.data, 8u << 20));
    EXPECT_EQ(std::vector<std::int32_t>(2048, 0), residency(memory.data, 2048));
    const std::uint64_t faults = counter("svm_pagefault_count");
    touch(memory.data, 8u << 20, 4096);
    EXPECT_EQ(faults, counter("svm_pagefault_count"));
    for (std::size_t i = 0; i < 2048; ++i) ASSERT_EQ(1u, memory.words()[i * 1024]);
    ZE_EXPECT(zeCommandListDestroy(list));
}

}  // namespace
}  // namespace faultline
