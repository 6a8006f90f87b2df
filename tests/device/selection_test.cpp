// Which device is chosen, and above all when none is.
#include "device/selection.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>

namespace faultline::device {
namespace {

using testing::HasSubstr;

Device a_device(DeviceKind kind, unsigned index, bool can_fault = true) {
    Device device;
    device.kind = kind;
    device.index = index;
    device.shared_system_caps = can_fault ? ZE_MEMORY_ACCESS_CAP_FLAG_RW : 0;
    std::strcpy(device.properties.name, "GPU");
    return device;
}

Selection selection(const char* kind, const char* index = nullptr) {
    const Expected<Selection> s = Selection::parse(kind, index);
    EXPECT_TRUE(s.ok());
    return s.ok() ? *s : Selection{};
}

TEST(Selection, IsAutoWhenNothingIsSaid) {
    EXPECT_EQ(selection(nullptr).kind, std::nullopt);
    EXPECT_EQ(selection("auto").kind, std::nullopt);
    EXPECT_EQ(selection("xe", "2").kind, DeviceKind::kXe);
    EXPECT_EQ(selection("xe", "2").index, 2u);
}

TEST(Selection, RefusesUnknownWordsAndNumbers) {
    for (const char* kind : {"", "XE", "gpu", "reference "}) {
        const auto s = Selection::parse(kind, nullptr);
        ASSERT_FALSE(s.ok()) << kind;
        EXPECT_EQ(s.error().kind, ErrorKind::kBadInput);
        EXPECT_THAT(s.error().message, HasSubstr("FAULTLINE_DEVICE"));
    }
    for (const char* index : {"", "-1", "1x", "x", "99999999999999999999"}) {
        const auto s = Selection::parse("xe", index);
        ASSERT_FALSE(s.ok()) << index;
        EXPECT_THAT(s.error().message, HasSubstr("FAULTLINE_DEVICE_INDEX"));
    }
}

TEST(Choose, AutoTakesAnXeThatCanFaultBeforeTheReference) {
    const std::vector<Device> devices{a_device(DeviceKind::kReference, 0), a_device(DeviceKind::kXe, 0)};
    const auto chosen = choose(selection("auto"), devices);
    ASSERT_TRUE(chosen.ok());
    EXPECT_EQ(chosen->kind, DeviceKind::kXe);
}

TEST(Choose, AutoTakesTheReferenceWhereTheXeCannotFault) {
    const std::vector<Device> devices{a_device(DeviceKind::kXe, 0, false), a_device(DeviceKind::kReference, 0)};
    const auto chosen = choose(selection("auto"), devices);
    ASSERT_TRUE(chosen.ok());
    EXPECT_EQ(chosen->kind, DeviceKind::kReference);
}

TEST(Choose, NeverTakesAnotherKindThanWasNamed) {
    const std::vector<Device> reference{a_device(DeviceKind::kReference, 0)};
    const auto xe = choose(selection("xe"), reference);
    ASSERT_FALSE(xe.ok());
    EXPECT_EQ(xe.error().kind, ErrorKind::kUnavailable);
    EXPECT_THAT(xe.error().message, HasSubstr("xe:0 is not there"));
    EXPECT_THAT(xe.error().message, HasSubstr("reference:0"));  // says what there is

    const std::vector<Device> real{a_device(DeviceKind::kXe, 0)};
    EXPECT_FALSE(choose(selection("reference"), real).ok());
}

TEST(Choose, NamedDeviceThatCannotFaultIsAnErrorThatSaysWhatToDo) {
    const std::vector<Device> devices{a_device(DeviceKind::kXe, 0, false), a_device(DeviceKind::kReference, 0)};
    const auto chosen = choose(selection("xe"), devices);
    ASSERT_FALSE(chosen.ok());
    EXPECT_THAT(chosen.error().message, HasSubstr("sharedSystemAllocCapabilities"));
    EXPECT_THAT(chosen.error().message, HasSubstr("faultline doctor"));
}

TEST(Choose, IndexCountsWithinTheKind) {
    const std::vector<Device> devices{a_device(DeviceKind::kReference, 0), a_device(DeviceKind::kReference, 1)};
    const auto second = choose(selection("reference", "1"), devices);
    ASSERT_TRUE(second.ok());
    EXPECT_EQ(second->index, 1u);
    EXPECT_FALSE(choose(selection("reference", "2"), devices).ok());
    EXPECT_FALSE(choose(selection("auto", "2"), devices).ok());
}

TEST(Choose, NeverTakesADeviceOfAnotherVendor) {
    const std::vector<Device> devices{a_device(DeviceKind::kOther, 0)};
    EXPECT_FALSE(choose(selection("auto"), devices).ok());
    EXPECT_FALSE(choose(selection("auto"), {}).ok());
}

}  // namespace
}  // namespace faultline::device
