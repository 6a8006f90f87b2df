// Every family of both programs, on the reference: what it is called and what it reports are words of vocabulary/.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "tests/bench/bench_run.h"
#include "vocabulary/benchmark_name.h"
#include "vocabulary/family.h"

namespace faultline {
namespace {

using testing::EndsWith;
using testing::Not;
using testing::SizeIs;
using testing_support::ChildEnvironment;
using testing_support::ChildResult;
using testing_support::json;
using testing_support::reference;
using testing_support::run_child;
using testing_support::run_program;

/// Two devices, so that no family is skipped.
ChildEnvironment two_devices() {
    ChildEnvironment environment = reference();
    environment["FAULTLINE_MODEL"] = "native-2";
    return environment;
}

std::vector<ListedFamily> families_of(const std::string& program) {
    const ChildResult result = run_child(program + " " + std::string(kListFlag), two_devices());
    EXPECT_EQ(result.status, 0) << result.err;
    const auto families = parse_families(result.out);
    EXPECT_TRUE(families.ok()) << result.out;
    return families ? *families : std::vector<ListedFamily>{};
}

TEST(EveryFamily, HasAQuestionAndNamesThatTheGrammarReads) {
    std::set<std::string> names;
    std::set<std::string> questions;
    std::size_t benchmarks = 0;
    for (const char* program : {FAULTLINE_BENCH, FAULTLINE_WORKLOADS}) {
        for (const ListedFamily& family : families_of(program)) {
            EXPECT_THAT(family.question, EndsWith("?")) << family.name;
            EXPECT_TRUE(questions.insert(family.question).second) << family.question;
            EXPECT_THAT(family.benchmarks, Not(SizeIs(0))) << family.name;
            benchmarks += family.benchmarks.size();
            for (const std::string& name : family.benchmarks) {
                names.insert(name);
                const auto parsed = BenchmarkName::parse(name);
                ASSERT_TRUE(parsed.ok()) << name;
                EXPECT_EQ(parsed->text(), name);
                EXPECT_EQ(parsed->family(), family.name) << name;
                EXPECT_EQ(canonical(name), name);
            }
        }
    }
    EXPECT_EQ(names.size(), benchmarks) << "a name comes twice";
}

/// The first benchmark of each family: run_program() looks at what it reports.
TEST(EveryFamily, ReportsCountersOfTheMetricTable) {
    for (const char* program : {FAULTLINE_BENCH, FAULTLINE_WORKLOADS}) {
        std::set<std::string> listed;
        std::vector<std::string> first;
        for (const ListedFamily& family : families_of(program)) {
            listed.insert(family.name);
            if (!family.benchmarks.empty()) first.push_back(family.benchmarks.front());
        }
        const json output = run_program(program, exact_filter(first), two_devices());
        std::set<std::string> ran;
        for (const json& run : output["benchmarks"]) ran.insert(family_of(run["name"].get<std::string>()));
        EXPECT_EQ(ran, listed);
    }
}

}  // namespace
}  // namespace faultline
