// What is recorded about the machine agrees with what the machine says.
#include "device/environment.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/utsname.h>

#include <map>
#include <thread>

namespace faultline::device {
namespace {

TEST(Environment, NamesKernelProcessorAndDevice) {
    Device device;
    device.kind = DeviceKind::kReference;
    device.uuid = "00ff";
    device.vram = Bytes{256u << 20};
    const EnvironmentFacts facts = environment_of(device);
    std::map<std::string, std::string> by_key(facts.begin(), facts.end());

    utsname name{};
    ASSERT_EQ(::uname(&name), 0);
    EXPECT_EQ(by_key["kernel_release"], name.release);
    EXPECT_EQ(by_key["device_uuid"], "00ff");
    EXPECT_EQ(by_key["device_vram_mib"], "256");
    EXPECT_THAT(by_key["topology"], testing::HasSubstr("NUMA nodes"));
    EXPECT_EQ(by_key.size(), facts.size()) << "a key comes twice";
    EXPECT_FALSE(by_key.contains("device_pci")) << "what is not known is left out";
    for (const auto& [key, value] : facts) {
        EXPECT_EQ(value.find('\n'), std::string::npos) << key;
        EXPECT_FALSE(value.empty()) << key;
    }
}

}  // namespace
}  // namespace faultline::device
