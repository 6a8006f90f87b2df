// `faultline compare`, from reports that were imported as runs of several boots.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "tests/runners/command_fixture.h"

namespace faultline::runners {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::StartsWith;

class CompareCommand : public Command {
protected:
    struct Lab {
        std::string label;
        double nanoseconds = 1000;
        int boots = 6;
        Json context = Json::object();  ///< beside what every run has
        std::vector<std::string> benchmarks = {"f/x/threads:1", "f/x/threads:2"};
        std::map<std::string, double> counters = {};  ///< of every repetition
    };

    /// One run a boot, three repetitions each.
    void measure(const Lab& lab) const {
        for (int boot = 0; boot < lab.boots; ++boot) {
            Json context = {{"date", "2026-01-01T00:00:00+00:00"},
                            {"device", "Intel Arc"},
                            {"device_kind", "xe"},
                            {"faultline", {{"boot_id", lab.label + std::to_string(boot)}, {"label", lab.label}}}};
            context.update(lab.context);
            Json benchmarks = Json::array();
            for (std::size_t b = 0; b < lab.benchmarks.size(); ++b) {
                for (int r = 0; r < 3; ++r) {
                    const double noise = 0.01 * std::sin(7.3 * boot + 1.7 * r + 3.1 * static_cast<double>(b));
                    benchmarks.push_back({{"name", lab.benchmarks[b]},
                                          {"run_name", lab.benchmarks[b]},
                                          {"run_type", "iteration"},
                                          {"family_index", 0},
                                          {"repetition_index", r},
                                          {"iterations", 10},
                                          {"real_time", lab.nanoseconds / static_cast<double>(b + 1) * (1 + noise)},
                                          {"cpu_time", 1.0},
                                          {"time_unit", "ns"}});
                    for (const auto& [name, value] : lab.counters) benchmarks.back()[name] = value * (1 + noise);
                }
            }
            const fs::path file = directory().write(lab.label + std::to_string(boot) + ".json",
                                                    Json{{"context", context}, {"benchmarks", benchmarks}}.dump());
            EXPECT_EQ(faultline({"import", file.string()}).code, 0);
        }
    }

    ChildResult compare(std::vector<std::string> more = {}) const {
        std::vector<std::string> arguments = {"compare", "label:a", "label:b"};
        arguments.insert(arguments.end(), more.begin(), more.end());
        return faultline(arguments);
    }
};

TEST_F(CompareCommand, ExitStatusIsTheVerdict) {
    measure({.label = "a"});
    measure({.label = "slow", .nanoseconds = 1100});
    measure({.label = "fast", .nanoseconds = 900});
    measure({.label = "equal", .nanoseconds = 1001});
    measure({.label = "half", .benchmarks = {"f/x/threads:1"}});
    const auto code = [&](const std::string& b) { return faultline({"compare", "label:a", b}).code; };
    EXPECT_EQ(code("label:slow"), 1);
    EXPECT_EQ(code("label:fast"), 0);
    EXPECT_EQ(code("label:equal"), 0);
    EXPECT_EQ(code("label:half"), 2);         // a benchmark is missing
    EXPECT_EQ(code("label:slow last:1"), 2);  // one process decides nothing
    const ChildResult slow = faultline({"compare", "label:a", "label:slow"});
    EXPECT_THAT(slow.out, AllOf(HasSubstr("worse (2)"), HasSubstr("+10.0%"), HasSubstr("B is worse.")));
    EXPECT_THAT(slow.out, Not(HasSubstr("\x1b")));  // not a terminal
    EXPECT_THAT(slow.err, IsEmpty());
}

TEST_F(CompareCommand, OptionsChangeWhatIsCompared) {
    measure({.label = "a"});
    measure({.label = "b", .nanoseconds = 1100});
    EXPECT_EQ(compare().code, 1);
    EXPECT_EQ(compare({"--min-effect", "20"}).code, 0);
    EXPECT_THAT(compare({"--min-effect", "20"}).out, HasSubstr("minimum effect 20 %"));
    EXPECT_EQ(compare({"--metric", "iterations"}).code, 0);
    EXPECT_THAT(compare({"--metric", "iterations", "--metric", "real_time"}).out,
                AllOf(HasSubstr("iterations"), HasSubstr("real_time")));
}

TEST_F(CompareCommand, FormatsSayTheSame) {
    measure({.label = "a"});
    measure({.label = "b", .nanoseconds = 1100});
    const ChildResult json = compare({"--format", "json"});
    EXPECT_EQ(json.code, 1);
    EXPECT_EQ(Json::parse(json.out)["worse"], 2);
    EXPECT_THAT(compare({"--format", "lkp"}).out, StartsWith("Comparison of\n  A: label:a\n"));
    EXPECT_THAT(compare({"--format", "markdown"}).out, StartsWith("**B is worse.**"));
}

TEST_F(CompareCommand, WhatIsNotComparableIsRefusedUnlessForced) {
    measure({.label = "a"});
    measure({.label = "b", .context = {{"env_kernel_debug", "KASAN"}}});
    const ChildResult refused = compare();
    EXPECT_EQ(refused.code, 2);
    EXPECT_THAT(refused.out, IsEmpty());
    EXPECT_EQ(refused.err,
              "faultline: label:a and label:b are not comparable (kernel debugging: unknown against KASAN); --force "
              "compares them\n");
    const ChildResult forced = compare({"--force"});
    EXPECT_EQ(forced.code, 0);
    EXPECT_THAT(forced.out, HasSubstr("note: not comparable, forced: kernel debugging"));
}

TEST_F(CompareCommand, KindsOfDeviceAreComparedInShapeAndNeverPass) {
    measure({.label = "a"});
    measure({.label = "b",
             .nanoseconds = 70'000,
             .context = {{"device", "Faultline reference"}, {"device_kind", "reference"}}});
    for (const char* format : {"terminal", "lkp", "markdown", "json"}) {
        const ChildResult result = compare({"--format", format});
        EXPECT_EQ(result.code, 2) << format;
        EXPECT_THAT(result.err, IsEmpty());
        // The shape, and no absolute time.
        EXPECT_THAT(result.out, AllOf(HasSubstr("f/x/threads:2"), Not(HasSubstr("70000")), Not(HasSubstr("70.0"))))
            << format;
    }
}

TEST_F(CompareCommand, BadInputIsOneLine) {
    measure({.label = "a", .boots = 1});
    for (const std::vector<std::string>& arguments : {std::vector<std::string>{"compare", "label:a"},
                                                      {"compare", "label:a", "label:nobody"},
                                                      {"compare", "label:a", "label:a", "--format", "xml"},
                                                      {"compare", "label:a", "label:a", "--min-effect", "-1"},
                                                      {"compare", "label:a", "label:a", "--metric", "no_such"}}) {
        const ChildResult result = faultline(arguments);
        EXPECT_EQ(result.code, 2) << testing::PrintToString(arguments);
        EXPECT_THAT(result.err, StartsWith("faultline: "));
        EXPECT_EQ(std::count(result.err.begin(), result.err.end(), '\n'), 1) << result.err;
        EXPECT_THAT(result.out, IsEmpty());
    }
}

TEST_F(CompareCommand, TheGoodDirectionIsTheMetricsOwn) {
    measure({.label = "a", .counters = {{"speedup", 1}, {"faults", 100}}});
    measure({.label = "b", .counters = {{"speedup", 2}, {"faults", 200}}});
    const ChildResult speedup = compare({"--metric", "speedup"});
    EXPECT_EQ(speedup.code, 0) << speedup.err;
    EXPECT_THAT(speedup.out, HasSubstr("0 worse, 2 better"));
    const ChildResult faults = compare({"--metric", "faults"});
    EXPECT_EQ(faults.code, 0) << faults.err;
    EXPECT_THAT(faults.out, HasSubstr("0 worse, 0 better, 2 changed"));
}

TEST_F(CompareCommand, ADirectionThatNobodyKnowsHasToBeTold) {
    measure({.label = "a", .counters = {{"my_counter", 1}}});
    measure({.label = "b", .counters = {{"my_counter", 2}}});
    const ChildResult untold = compare({"--metric", "my_counter"});
    EXPECT_EQ(untold.code, 2);
    EXPECT_THAT(untold.out, AllOf(HasSubstr("direction not known"), HasSubstr("2 changed")));
    EXPECT_EQ(compare({"--metric", "my_counter", "--higher-is-better", "my_counter"}).code, 0);
    EXPECT_EQ(compare({"--metric", "my_counter", "--lower-is-better", "my_counter"}).code, 1);
    const ChildResult both =
        compare({"--metric", "my_counter", "--lower-is-better", "my_counter", "--higher-is-better", "my_counter"});
    EXPECT_EQ(both.code, 2);
    EXPECT_THAT(both.err, HasSubstr("one of them"));
}

}  // namespace
}  // namespace faultline::runners
