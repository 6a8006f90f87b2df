#include "results/compare/environment.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/results/compare/compared.h"

namespace faultline::results {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

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

TEST(Comparable, AnotherFaultlineIsNamedAndNoObstacle) {
    SampleSet a = set_of("A", {series(kA, "f/x", "real_time", 1000)});
    SampleSet b = set_of("B", {series(kB, "f/x", "real_time", 1000)});
    a.environment["faultline_version"] = b.environment["faultline_version"] = "v0.1.0-209-gb6b1e0a0d3c2";
    EXPECT_THAT(differences(a, b), IsEmpty());
    b.environment["faultline_version"] = "v0.1.0-210-g4a7d1ed41447-dirty";
    EXPECT_THAT(obstacles(a, b), IsEmpty());
    EXPECT_THAT(differences(a, b),
                ElementsAre("faultline: v0.1.0-209-gb6b1e0a0d3c2 -> v0.1.0-210-g4a7d1ed41447-dirty"));
}

TEST(Comparable, ASetThatMixesIsNot) {
    SampleSet a = set_of("A", {series(kA, "f/x", "real_time", 1000)});
    a.environment["env_cpu_governor"] = "performance | powersave";
    SampleSet b = a;
    EXPECT_THAT(obstacles(a, b), ElementsAre(HasSubstr("CPU governor: runs of both differ")));
}

}  // namespace
}  // namespace faultline::results
