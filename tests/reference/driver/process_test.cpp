// What a process sees of initialisation failures, of exits with work under way, and of dlclose. Each case is a child.
#include <dlfcn.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <span>

#include "device/faultline_ext.h"
#include "tests/reference/driver/fixture.h"

namespace faultline {
namespace {

// Not a fixture of ZeTest: the parent must not have initialised the driver.
[[noreturn]] void init_with(const char* name, const char* value) {
    setenv(name, value, 1);
    std::exit(zeInit(0) == ZE_RESULT_SUCCESS ? 0 : 1);
}

TEST(Process, BadEnvironmentFailsInitialisation) {
    ::testing::FLAGS_gtest_death_test_style = "threadsafe";
    EXPECT_EXIT(init_with("FAULTLINE_POLICY", "no-such-policy"), ::testing::ExitedWithCode(1), "");
    EXPECT_EXIT(init_with("FAULTLINE_MODEL", "no-such-model"), ::testing::ExitedWithCode(1), "");
    EXPECT_EXIT(init_with("FAULTLINE_VRAM_MIB", "12x"), ::testing::ExitedWithCode(1), "");
    EXPECT_EXIT(init_with("FAULTLINE_EUS", "-1"), ::testing::ExitedWithCode(1), "");
    EXPECT_EXIT(init_with("FAULTLINE_EUS", "3"), ::testing::ExitedWithCode(0), "");
}

class Leaver : public ZeTest {
public:
    void TestBody() override {
        SetUp();
        ze_event_pool_handle_t pool = make_pool(1);
        ze_event_handle_t never = make_event(pool, 0);
        auto* list = make_immediate(ZE_COMMAND_QUEUE_MODE_ASYNCHRONOUS);
        auto* words = new std::uint32_t[1u << 20]();
        ze_kernel_handle_t add = kernel("add_one");
        set_arg(add, 0, words);
        ZE_ASSERT(zeKernelSetGroupSize(add, 256, 1, 1));
        const ze_group_count_t groups{4096, 1, 1};
        for (int i = 0; i < 20; ++i)
            ZE_ASSERT(zeCommandListAppendLaunchKernel(list, add, &groups, nullptr, 0, nullptr));
        ZE_ASSERT(zeCommandListAppendWaitOnEvents(list, 1, &never));
        std::exit(HasFailure() ? 1 : 0);
    }
};

TEST(Process, ExitsWithKernelsRunningAndQueuesWaiting) {
    ::testing::FLAGS_gtest_death_test_style = "threadsafe";
    for (int i = 0; i < 5; ++i) EXPECT_EXIT(Leaver().TestBody(), ::testing::ExitedWithCode(0), "");
}

class Faulter : public ZeTest {
public:
    void TestBody() override {}
    /// Has the device write over `words`, so that their pages are in VRAM.
    void fault(std::span<std::uint32_t> words) {
        SetUp();
        ze_kernel_handle_t fill = kernel("fill_ids");
        set_arg(fill, 0, words.data());
        set_arg(fill, 1, std::uint32_t{5});
        ZE_EXPECT(launch(fill, static_cast<std::uint32_t>(words.size() / 256), 256));
    }
    std::string monitor() {
        faultline_pfnDeviceGetText_t get_text = nullptr;
        ZE_EXPECT(zeDriverGetExtensionFunctionAddress(driver, FAULTLINE_GET_TEXT, reinterpret_cast<void**>(&get_text)));
        char text[64] = {};
        std::size_t size = sizeof(text);
        ZE_EXPECT(get_text(device, FAULTLINE_TEXT_MONITOR, &size, text));
        return text;
    }
    static bool filled(std::span<const std::uint32_t> words) {
        for (std::size_t i = 0; i < words.size(); ++i) {
            if (words[i] != 5 + i) return false;
        }
        return true;
    }
};

constexpr std::size_t kBytes = 8u << 20;

[[noreturn]] void fault_without_privilege() {
    // Opened before, because nobody may be refused the way to the build directory.
    dlopen(std::getenv("ZE_ENABLE_ALT_DRIVERS"), RTLD_LAZY);
    if (getuid() == 0 && setresuid(65534, 65534, 65534) != 0) std::exit(2);
    prctl(PR_SET_DUMPABLE, 1);  // /proc/self belongs to root again after a change of user, unless told otherwise
    MallocMemory memory(kBytes);
    const std::span<std::uint32_t> words(memory.words(), kBytes / 4);
    Faulter program;
    program.fault(words);
    const bool found = program.monitor().find("user-mode-only") != std::string::npos;
    std::ifstream sysctl("/proc/sys/vm/unprivileged_userfaultfd");
    int unprivileged = 0;
    sysctl >> unprivileged;
    std::exit(Faulter::filled(words) && found == (unprivileged == 0) && !::testing::Test::HasFailure() ? 0 : 1);
}

TEST(Process, FaultsWithoutPrivilege) {
    ::testing::FLAGS_gtest_death_test_style = "threadsafe";
    EXPECT_EXIT(fault_without_privilege(), ::testing::ExitedWithCode(0), "");
}

[[noreturn]] void fork_with_pages_in_vram() {
    MallocMemory memory(kBytes);
    const std::span<std::uint32_t> words(memory.words(), kBytes / 4);
    Faulter program;
    program.fault(words);
    const pid_t child = fork();
    if (child == 0) _exit(Faulter::filled(words) ? 0 : 1);
    int status = -1;
    waitpid(child, &status, 0);
    // The parent's own pages are still its own, and the device still serves it.
    const bool parent = Faulter::filled(words);
    words[0] = 0;
    Faulter again;
    again.fault(words);
    std::exit(status == 0 && parent && Faulter::filled(words) && !::testing::Test::HasFailure() ? 0 : 1);
}

TEST(Process, ForkedChildrenSeeTheData) {
    ::testing::FLAGS_gtest_death_test_style = "threadsafe";
    EXPECT_EXIT(fork_with_pages_in_vram(), ::testing::ExitedWithCode(0), "");
}

}  // namespace
}  // namespace faultline
