#include "reference/svm/policy.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace faultline::svm {
namespace {

using ::testing::HasSubstr;

TEST(Policy, ThePresetIsTheDefault) {
    const auto policy = parse_policy("xe-7.0");
    ASSERT_TRUE(policy.ok());
    EXPECT_EQ("xe-7.0", to_string(*policy));
    EXPECT_EQ(3u, policy->chunk_count);
    EXPECT_EQ(4u, policy->queue_count);
    EXPECT_EQ(512ull << 20, policy->notifier_size.count);
}

TEST(Policy, OverridesSurviveTheRoundTrip) {
    const auto policy = parse_policy("xe-7.0,chunks=64K+4K,migrate=off,timeslice=20,queues=2");
    ASSERT_TRUE(policy.ok());
    EXPECT_EQ(2u, policy->chunk_count);
    EXPECT_EQ(kSize64K, policy->chunk_sizes[0]);
    EXPECT_FALSE(policy->migrate);
    EXPECT_EQ(Nanoseconds(20'000'000), policy->timeslice);
    EXPECT_EQ("xe-7.0,chunks=64K+4K,migrate=off,timeslice=20,queues=2", to_string(*policy));
    const auto again = parse_policy(to_string(*policy));
    ASSERT_TRUE(again.ok());
    EXPECT_EQ(to_string(*policy), to_string(*again));
}

TEST(Policy, ErrorsNameWhatIsValid) {
    struct Case {
        const char* text;
        const char* expected;
    };
    for (const Case c :
         {Case{"", "unknown preset ''; presets: xe-7.0"}, Case{"xe-6.19", "unknown preset 'xe-6.19'"},
          Case{"xe-7.0,colour=red", "unknown knob 'colour'; knobs: chunks"},
          Case{"xe-7.0,chunks=2M", "'2M' is no value of chunks; values: 2M+64K+4K"},
          Case{"xe-7.0,chunks=4K+64K", "is no value of chunks"}, Case{"xe-7.0,chunks", "'' is no value of chunks"},
          Case{"xe-7.0,queues=9", "'9' is no value of queues; values: 1..8"},
          Case{"xe-7.0,queues=two", "'two' is no value"}, Case{"xe-7.0,timeslice=-1", "'-1' is no value"},
          Case{"xe-7.0,notifier=3M", "'3M' is no value of notifier"}, Case{"xe-7.0,migrate=yes", "values: on, off"}}) {
        const auto policy = parse_policy(c.text);
        ASSERT_FALSE(policy.ok()) << c.text;
        EXPECT_EQ(ErrorKind::kBadInput, policy.error().kind);
        EXPECT_THAT(policy.error().message, HasSubstr(c.expected));
    }
}

TEST(Policy, DescriptionNamesEveryKnob) {
    const std::string text = describe_policies();
    for (const char* knob : {"chunks=2M+64K+4K", "notifier=512M", "migrate=on", "migrate-min=64K", "check-pages=64K",
                             "atomic-tries=3", "timeslice=5", "queues=4"})
        EXPECT_THAT(text, HasSubstr(knob));
}

}  // namespace
}  // namespace faultline::svm
