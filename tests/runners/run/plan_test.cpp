#include "runners/run/plan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>

#include "vocabulary/name_pattern.h"

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
const FamiliesByProgram kFamilies = {{"faultline-bench",
                                      {{"fault/a", "What is a?", {"fault/a/1", "fault/a/2"}},
                                       {"fault/b", "What is b?", {"fault/b/1"}},
                                       {"fault/c", "What is c?", {"fault/c/1"}},
                                       {"fault/empty", "What is none?", {}},
                                       {"other/d", "What is d?", {"other/d/1"}}}}};

TEST(Plan, GroupsByFamilyAndRunsNothingTwice) {
    const auto jobs = plan(kSuite, {}, kLayout, kFamilies);
    ASSERT_TRUE(jobs.ok());
    ASSERT_EQ(jobs->size(), 3u);
    EXPECT_EQ((*jobs)[0].family, "fault/a");
    EXPECT_EQ((*jobs)[0].question, "What is a?");
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
    const auto jobs = plan(kSuite, overrides, kLayout, kFamilies);
    ASSERT_TRUE(jobs.ok());
    EXPECT_THAT((*jobs)[0].benchmarks, ElementsAre("fault/a/1"));
    EXPECT_EQ((*jobs)[0].repetitions, 7u);
    EXPECT_EQ((*jobs)[0].min_time, 0.125);
    EXPECT_EQ((*jobs)[0].time_limit, std::chrono::milliseconds(1500));
}

TEST(Plan, AFilterThatIsMalformedOrLeavesNothingIsBadInput) {
    for (const char* filter : {"[", "nothing"}) {
        const auto jobs =
            plan(kSuite, {.filter = filter, .repetitions = {}, .min_time = {}, .time_limit = {}}, kLayout, kFamilies);
        ASSERT_FALSE(jobs.ok());
        EXPECT_EQ(jobs.error().kind, ErrorKind::kBadInput);
        EXPECT_THAT(jobs.error().message, HasSubstr(filter));
    }
}

TEST(Plan, ASelectionLeavesOutItsExceptions) {
    constexpr std::array kAllButFaults = {
        Selection{"faultline-bench", "", 1, 0.5, std::chrono::seconds(60), 2.0, "^fault/"}};
    const auto jobs = plan({"test", "", kAllButFaults}, {}, kLayout, kFamilies);
    ASSERT_TRUE(jobs.ok());
    ASSERT_EQ(jobs->size(), 1u);
    EXPECT_THAT((*jobs)[0].benchmarks, ElementsAre("other/d/1"));
}

TEST(Suites, AreFoundByNameAndTheirFiltersCompile) {
    for (const Suite& suite : suites()) {
        ASSERT_TRUE(find_suite(suite.name).ok());
        EXPECT_EQ(*find_suite(suite.name), &suite);
        for (const Selection& selection : suite.selections) {
            EXPECT_TRUE(NamePattern::compile(std::string(selection.filter)).ok());
            EXPECT_TRUE(NamePattern::compile(std::string(selection.except)).ok());
            EXPECT_GT(selection.estimate, 0);
        }
    }
    const auto none = find_suite("none");
    ASSERT_FALSE(none.ok());
    EXPECT_THAT(none.error().message, HasSubstr("suites: quick, fault, "));
}

}  // namespace
}  // namespace faultline::runners
