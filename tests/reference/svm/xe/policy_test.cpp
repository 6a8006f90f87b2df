#include "reference/svm/xe/policy.h"

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
    const auto policy = parse_policy("xe-7.0,queues=2,chunks=64K+4K,migrate=off,timeslice=20");
    ASSERT_TRUE(policy.ok());
    EXPECT_EQ(2u, policy->chunk_count);
    EXPECT_EQ(kSize64K, policy->chunk_sizes[0]);
    EXPECT_FALSE(policy->migrate);
    EXPECT_EQ(Nanoseconds(20'000'000), policy->timeslice);
    EXPECT_EQ("xe-7.0,queues=2,chunks=64K+4K,migrate=off,timeslice=20", to_string(*policy));
    const auto again = parse_policy(to_string(*policy));
    ASSERT_TRUE(again.ok());
    EXPECT_EQ(to_string(*policy), to_string(*again));
}

TEST(Policy, PresetsAreWhatTheyAreNamedFor) {
    const auto plain = parse_policy("xe-7.0");
    EXPECT_EQ(FaultLocking::kVmWrite, plain->locking);
    EXPECT_EQ(QueueChoice::kAsidHash, plain->queue_choice);
    EXPECT_EQ(4u, plain->workers());
    EXPECT_FALSE(plain->chaining);
    EXPECT_EQ(PrefetchMode::kWriteLock, plain->prefetch);
    const auto fine = parse_policy("fine-grained");
    ASSERT_TRUE(fine.ok());
    EXPECT_EQ(FaultLocking::kFineGrained, fine->locking);
    EXPECT_EQ(QueueChoice::kRoundRobin, fine->queue_choice);
    EXPECT_EQ(PrefetchMode::kWriteLock, fine->prefetch);
    EXPECT_FALSE(fine->chaining);
    const auto series = parse_policy("series-v4");
    ASSERT_TRUE(series.ok());
    EXPECT_EQ(FaultLocking::kFineGrained, series->locking);
    EXPECT_EQ(QueueChoice::kSingle, series->queue_choice);
    EXPECT_EQ(2u, series->workers());
    EXPECT_TRUE(series->chaining);
    EXPECT_EQ(AckMode::kBatched, series->acks);
    EXPECT_EQ(PrefetchMode::kThreaded, series->prefetch);
}

// What differs from the preset is written, and nothing else.
TEST(Policy, AnyPresetSurvivesTheRoundTrip) {
    for (const char* text : {"fine-grained", "series-v4", "series-v4,num_pf_work=8,chaining=off",
                             "fine-grained,queue=asid-hash,interconnect=off,migrate-side=destination"}) {
        const auto policy = parse_policy(text);
        ASSERT_TRUE(policy.ok()) << text;
        EXPECT_EQ(text, to_string(*policy));
    }
}

TEST(Policy, EveryVariationChangesItsPreset) {
    for (const std::string_view preset : policy_presets()) EXPECT_TRUE(parse_policy(preset).ok()) << preset;
    for (const std::string_view change : policy_variations()) {
        const std::string text = "xe-7.0," + std::string(change);
        const auto policy = parse_policy(text);
        ASSERT_TRUE(policy.ok()) << text;
        EXPECT_EQ(text, to_string(*policy)) << "a variation that is xe-7.0's own value compares nothing";
    }
}

TEST(Policy, ErrorsNameWhatIsValid) {
    struct Case {
        const char* text;
        const char* expected;
    };
    for (const Case c :
         {Case{"", "unknown preset ''; presets: xe-7.0, fine-grained, series-v4"},
          Case{"xe-6.19", "unknown preset 'xe-6.19'"},
          Case{"xe-7.0,colour=red", "unknown knob 'colour'; knobs: locking, queue, "},
          Case{"xe-7.0,locking=none", "'none' is no value of locking; values: vm-write, fine-grained"},
          Case{"series-v4,num_pf_work=9", "'9' is no value of num_pf_work; values: 1..8"},
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
    for (const char* knob :
         {"locking=vm-write", "queue=asid-hash", "num_pf_work=2", "chaining=off", "acks=each", "prefetch=write-lock",
          "interconnect=on", "migrate-side=source", "chunks=2M+64K+4K", "notifier=512M", "migrate=on",
          "migrate-min=64K", "check-pages=64K", "atomic-tries=3", "timeslice=5", "queues=4"})
        EXPECT_THAT(text, HasSubstr(knob));
}

}  // namespace
}  // namespace faultline::svm
