#include "runners/run/plan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <regex>

namespace faultline::runners {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

const Layout kLayout{.programs = "/bin-dir", .reference_driver = "/lib-dir/driver.so"};
constexpr std::array kSelections = {
    Selection{"faultline-bench", "^fault/a/", 3, 0.5, std::chrono::seconds(60), 2.0},
    Selection{"faultline-bench", "^fault/", 5, 0.25, std::chrono::seconds(30), 1.0},
};
const Suite kSuite{"test", "", kSelections};
const std::map<std::string, std::vector<std::string>> kBenchmarks = {
    {"faultline-bench", {"fault/a/1", "fault/b/1", "fault/a/2", "fault/c/1", "other/d/1"}}};

TEST(Plan, GroupsByFamilyAndRunsNothingTwice) {
    const auto jobs = plan(kSuite, {}, kLayout, kBenchmarks);
    ASSERT_TRUE(jobs.ok());
    ASSERT_EQ(jobs->size(), 3u);
    EXPECT_EQ((*jobs)[0].family, "fault/a");
    EXPECT_THAT((*jobs)[0].benchmarks, ElementsAre("fault/a/1", "fault/a/2"));
    EXPECT_EQ((*jobs)[0].repetitions, 3u);
    EXPECT_EQ((*jobs)[0].estimate, 12.0);
    EXPECT_EQ((*jobs)[0].program, "/bin-dir/faultline-bench");
    EXPECT_THAT((*jobs)[1].benchmarks, ElementsAre("fault/b/1"));
    EXPECT_EQ((*jobs)[1].repetitions, 5u);
    EXPECT_THAT((*jobs)[2].benchmarks, ElementsAre("fault/c/1"));
}

TEST(Plan, TheUserOverridesTheSuite) {
    const Overrides overrides{.filter = "1$", .repetitions = 7, .min_time = 0.125, .time_limit = 1.5};
    const auto jobs = plan(kSuite, overrides, kLayout, kBenchmarks);
    ASSERT_TRUE(jobs.ok());
    EXPECT_THAT((*jobs)[0].benchmarks, ElementsAre("fault/a/1"));
    EXPECT_EQ((*jobs)[0].repetitions, 7u);
    EXPECT_EQ((*jobs)[0].min_time, 0.125);
    EXPECT_EQ((*jobs)[0].time_limit, std::chrono::milliseconds(1500));
}

TEST(Plan, AFilterThatIsMalformedOrLeavesNothingIsBadInput) {
    for (const char* filter : {"[", "nothing"}) {
        const auto jobs =
            plan(kSuite, {.filter = filter, .repetitions = {}, .min_time = {}, .time_limit = {}}, kLayout, kBenchmarks);
        ASSERT_FALSE(jobs.ok());
        EXPECT_EQ(jobs.error().kind, ErrorKind::kBadInput);
        EXPECT_THAT(jobs.error().message, HasSubstr(filter));
    }
}

TEST(Suites, AreFoundByNameAndTheirFiltersCompile) {
    for (const Suite& suite : suites()) {
        EXPECT_EQ(find_suite(suite.name), &suite);
        for (const Selection& selection : suite.selections) {
            EXPECT_NO_THROW(std::regex(std::string(selection.filter)));
            EXPECT_GT(selection.estimate, 0);
        }
    }
    EXPECT_EQ(find_suite("none"), nullptr);
}

}  // namespace
}  // namespace faultline::runners
