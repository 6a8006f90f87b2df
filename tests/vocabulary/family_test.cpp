// The list of families comes back as it was written, and what is no list is refused.
#include "vocabulary/family.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace faultline {
namespace {

using testing::HasSubstr;

TEST(Families, ComeBackAsTheyWereListed) {
    const std::vector<ListedFamily> families = {
        {"fault/thp", "What \"changes\"?", {"fault/thp/huge/untouched", "fault/thp/small/untouched"}},
        {"policy/faults", "What does a policy do?", {}}};
    const auto read = parse_families(format_families(families));
    ASSERT_TRUE(read.ok()) << read.error().message;
    EXPECT_EQ(*read, families);
}

TEST(Families, WhatIsNoListIsRefused) {
    for (const char* text : {"", "fault/thp/huge/untouched\n", "[]", "{\"families\": 7}", "{\"families\": [{}]}",
                             "{\"families\": [{\"name\": \"a/b\", \"question\": \"?\", \"benchmarks\": [1]}]}"}) {
        const auto read = parse_families(text);
        ASSERT_FALSE(read.ok()) << text;
        EXPECT_EQ(read.error().kind, ErrorKind::kUnavailable);
        EXPECT_THAT(read.error().message, HasSubstr("no list of families"));
    }
}

}  // namespace
}  // namespace faultline
