#include "results/compare/environment.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/results/compare/compared.h"

namespace faultline::results {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

TEST(Comparable, WhatChangesTimesHasToBeEqual) {
    const SampleSet a = set_of("A", {series(kA, "f/x", "real_time", 1000)});
    for (const char* key : {"device", "model", "env_cpu_model", "env_kernel_debug", "env_cpu_governor"}) {
        SampleSet b = set_of("B", {series(kB, "f/x", "real_time", 1000)});
        b.environment[key] = "another";
        const Expected<Comparison> refused = compare(a, b, {});
        ASSERT_FALSE(refused.ok()) << key;
        EXPECT_EQ(refused.error().kind, ErrorKind::kBadInput);
        EXPECT_THAT(refused.error().message, HasSubstr("against another"));
        EXPECT_THAT(refused.error().message, testing::Not(HasSubstr("\n")));
        const Expected<Comparison> forced = compare(a, b, {.metrics = {}, .force = true});
        ASSERT_TRUE(forced.ok()) << key;
        EXPECT_THAT(forced->notes, ElementsAre(HasSubstr("forced")));
    }
    SampleSet kernel = set_of("B", {series(kB, "f/x", "real_time", 1000)});
    kernel.environment["env_kernel_release"] = "6.19";
    const Expected<Comparison> other_kernel = compare(a, kernel, {});
    ASSERT_TRUE(other_kernel.ok());
    EXPECT_THAT(other_kernel->differences, ElementsAre("kernel: 6.18 -> 6.19"));
}

TEST(Comparable, ASetThatMixesIsNot) {
    SampleSet a = set_of("A", {series(kA, "f/x", "real_time", 1000)});
    a.environment["env_cpu_governor"] = "performance | powersave";
    SampleSet b = a;
    EXPECT_THAT(obstacles(a, b), ElementsAre(HasSubstr("CPU governor: runs of both differ")));
}

}  // namespace
}  // namespace faultline::results
