#include "runners/system/devices.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace faultline::runners {
namespace {

using testing::HasSubstr;

DeviceEntry device(const std::string& kind, unsigned index, std::uint32_t caps) {
    DeviceEntry entry;
    entry.record.kind = kind;
    entry.record.index = index;
    entry.record.name = kind + " " + std::to_string(index);
    entry.shared_system_caps = caps;
    return entry;
}

Probe probe(std::vector<DeviceEntry> devices) {
    Probe result;
    result.devices = std::move(devices);
    return result;
}

const Probe kReference = probe({device("reference", 0, 15)});
const Probe kNothing;

DeviceRequest request(const std::string& kind, unsigned index = 0) {
    DeviceRequest r;
    r.kind = kind;
    r.index = index;
    return r;
}

TEST(ChooseDevice, AutoTakesTheXeThatCanFault) {
    const Probe real = probe({device("xe", 0, 15)});
    EXPECT_EQ(choose_device(request("auto"), &real, &kReference)->record.kind, "xe");
}

TEST(ChooseDevice, AutoTakesTheReferenceOtherwise) {
    const Probe deaf = probe({device("xe", 0, 0)});
    EXPECT_EQ(choose_device(request("auto"), &deaf, &kReference)->record.kind, "reference");
    EXPECT_EQ(choose_device(request("auto"), &kNothing, &kReference)->record.kind, "reference");
}

TEST(ChooseDevice, ADeviceThatIsNeitherIsNeverChosen) {
    const Probe other = probe({device("other", 0, 15)});
    EXPECT_EQ(choose_device(request("auto"), &other, &kReference)->record.kind, "reference");
    EXPECT_FALSE(choose_device(request("xe"), &other, &kReference).ok());
}

TEST(ChooseDevice, ANamedKindIsNotReplaced) {
    const Probe deaf = probe({device("xe", 0, 0)});
    for (const Probe* real : {&kNothing, &deaf}) {
        const auto chosen = choose_device(request("xe"), real, &kReference);
        ASSERT_FALSE(chosen.ok());
        EXPECT_EQ(chosen.error().kind, ErrorKind::kUnavailable);
        EXPECT_THAT(chosen.error().message, HasSubstr("run `faultline doctor`"));
    }
    const Probe real = probe({device("xe", 0, 15)});
    EXPECT_FALSE(choose_device(request("reference"), &real, &kNothing).ok());
}

TEST(ChooseDevice, AnIndexIsNotReplacedAndTheErrorSaysWhatThereIs) {
    const Probe real = probe({device("xe", 0, 15), device("xe", 1, 15)});
    EXPECT_EQ(choose_device(request("xe", 1), &real, nullptr)->record.index, 1u);
    const auto chosen = choose_device(request("xe", 2), &real, nullptr);
    ASSERT_FALSE(chosen.ok());
    EXPECT_EQ(chosen.error().message,
              "looked for device xe:2, found: xe:0 (xe 0), xe:1 (xe 1); run `faultline doctor`");
}

TEST(ChooseDevice, TheReasonOfAFailedListingIsPassedOn) {
    Probe broken;
    broken.failure = "userfaultfd: permission denied";
    const auto chosen = choose_device(request("auto"), &kNothing, &broken);
    ASSERT_FALSE(chosen.ok());
    EXPECT_THAT(chosen.error().message, HasSubstr("no xe device; userfaultfd: permission denied"));
}

TEST(ParseProbe, NonsenseIsAnError) {
    EXPECT_FALSE(parse_probe("nonsense").ok());
    EXPECT_FALSE(parse_probe("{}").ok());
    EXPECT_FALSE(parse_probe(R"({"failure": "", "intel_driver": "", "devices": [{"kind": 7}]})").ok());
}

}  // namespace
}  // namespace faultline::runners
