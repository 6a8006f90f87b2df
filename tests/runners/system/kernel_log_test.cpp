// What of the kernel's log is kept. An ordinary file is read as /dev/kmsg is.
#include "runners/system/kernel_log.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "tests/temporary_directory.h"

namespace faultline::runners {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

TEST(KernelLog, HasWhatCameSince) {
    const TemporaryDirectory directory;
    const auto path = directory.write("kmsg", "6,1,1000000,-;before\n");
    const KernelLog log(path);
    EXPECT_EQ(log.since(), "the kernel said nothing\n");
    std::ofstream(path, std::ios::app) << "3,2,12345678,-;xe: GPU hang; engine reset\n SUBSYSTEM=pci\n DEVICE=+pci\n"
                                       << "nonsense\n;\n6,3,99999999999,-;last\n";
    EXPECT_EQ(log.since(), "[   12.345678] xe: GPU hang; engine reset\n[    0.000000] \n[99999.999999] last\n");
}

TEST(KernelLog, KeepsTheEndOfMuch) {
    const TemporaryDirectory directory;
    const auto path = directory.write("kmsg", "");
    const KernelLog log(path);
    {
        std::ofstream out(path);
        for (int i = 0; i < 1000; ++i) out << fmt::format("6,{},{}000000,-;line {:03}\n", i, i, i);
    }
    const std::string kept = log.since();
    EXPECT_EQ(std::count(kept.begin(), kept.end(), '\n'), 200);
    EXPECT_THAT(kept, AllOf(StartsWith("[  800.000000] line 800\n"), HasSubstr("line 999\n"), Not(HasSubstr("799"))));
}

TEST(KernelLog, SaysWhyThereIsNone) {
    EXPECT_THAT(KernelLog("/nonexistent/kmsg").since(), HasSubstr("/nonexistent/kmsg: No such file"));
}

}  // namespace
}  // namespace faultline::runners
