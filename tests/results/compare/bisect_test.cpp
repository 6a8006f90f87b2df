#include "results/compare/bisect.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/results/compare/compared_sets.h"

namespace faultline::results {
namespace {

using testing::HasSubstr;

SampleSet timed(const std::string& side, const std::vector<std::pair<std::string, double>>& times,
                double noise = 0.01) {
    SampleSet set{.label = side, .environment = environment("6.18"), .series = {}};
    for (const auto& [benchmark, time] : times) {
        set.series.push_back(series({.side = side}, benchmark, "real_time", time, noise));
    }
    return set;
}

const SampleSet kGood = timed("good", {{"f/x", 1000}, {"f/y", 1000}, {"f/z", 1000}});
const SampleSet kBad = timed("bad", {{"f/x", 1200}, {"f/y", 1200}, {"f/z", 1000}});

Classified classified(const SampleSet& tried) {
    const auto made = classify(kGood, kBad, tried, {});
    EXPECT_TRUE(made.ok()) << made.error().message;
    return made.ok() ? *made : Classified{};
}

TEST(Classify, BySideOfTheRegression) {
    EXPECT_EQ(classified(timed("t", {{"f/x", 1000}, {"f/y", 1000}})).side, Side::kGood);
    EXPECT_EQ(classified(timed("t", {{"f/x", 1200}, {"f/y", 1200}})).side, Side::kBad);
    EXPECT_EQ(classified(timed("t", {{"f/x", 900}})).side, Side::kGood);
    EXPECT_EQ(classified(timed("t", {{"f/x", 1500}})).side, Side::kBad);
    EXPECT_THAT(classified(timed("t", {{"f/x", 1500}})).reason, HasSubstr("bad by f/x real_time"));
}

TEST(Classify, BetweenBothSidesItCannotTell) {
    const Classified between = classified(timed("t", {{"f/x", 1100}}));
    EXPECT_EQ(between.side, Side::kCannotTell);
    EXPECT_THAT(between.reason, HasSubstr("f/x"));
    EXPECT_EQ(classified(timed("t", {{"f/x", 1100}}, 0.5)).side, Side::kCannotTell);
}

TEST(Classify, BetweenBothSidesButFarNearerToOneItIsThat) {
    const auto with = [](double good, double bad, double tried) {
        const auto made =
            classify(timed("good", {{"f/x", good}}), timed("bad", {{"f/x", bad}}), timed("t", {{"f/x", tried}}), {});
        return made.ok() ? made->side : Side::kCannotTell;
    };
    EXPECT_EQ(with(200, 70000, 60000), Side::kBad);
    EXPECT_EQ(with(200, 70000, 250), Side::kGood);
    EXPECT_EQ(with(200, 70000, 3700), Side::kCannotTell);
}

TEST(Classify, BenchmarksThatDisagreeCannotTell) {
    EXPECT_EQ(classified(timed("t", {{"f/x", 1000}, {"f/y", 1200}})).side, Side::kCannotTell);
}

TEST(Classify, WhatDidNotRegressHasNoSay) {
    EXPECT_EQ(classified(timed("t", {{"f/x", 1000}, {"f/z", 5000}})).side, Side::kGood);
}

TEST(Classify, WithoutARegressionThereIsNothingToFind) {
    for (const SampleSet& tried : {timed("t", {{"f/z", 1000}}), timed("t", {{"f/unknown", 1000}})}) {
        const auto refused = classify(kGood, kBad, tried, {});
        ASSERT_FALSE(refused.ok());
        EXPECT_EQ(refused.error().kind, ErrorKind::kBadInput);
    }
    SampleSet other = timed("t", {{"f/x", 1000}});
    other.environment["device"] = "another";
    EXPECT_FALSE(classify(kGood, kBad, other, {}).ok());
}

TEST(Classify, AMetricWithoutADirectionTakesOne) {
    const auto set = [](const std::string& side, double value) {
        return SampleSet{.label = side,
                         .environment = environment("6.18"),
                         .series = {series({.side = side}, "f/x", "my_counter", value)}};
    };
    CompareOptions options;
    options.metrics = {"my_counter"};
    const auto untold = classify(set("good", 100), set("bad", 50), set("t", 50), options);
    ASSERT_FALSE(untold.ok());
    EXPECT_THAT(untold.error().message, HasSubstr("of 1 that changed nobody said which way is better"));
    options.directions = {{"my_counter", Direction::kHigher}};
    const auto told = classify(set("good", 100), set("bad", 50), set("t", 50), options);
    ASSERT_TRUE(told.ok()) << told.error().message;
    EXPECT_EQ(told->side, Side::kBad);
}

}  // namespace
}  // namespace faultline::results
