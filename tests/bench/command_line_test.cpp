// faultline-bench from outside, where no device can be chosen: lists, refusals, exit statuses.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <sstream>

#include "tests/bench/child.h"

namespace faultline {
namespace {

using testing::HasSubstr;
using testing::Pair;
using testing::UnorderedElementsAre;
using testing_support::ChildEnvironment;
using testing_support::ChildResult;
using testing_support::run_child;

// Such an index no machine has.
const ChildEnvironment kNoDevice{{"FAULTLINE_DEVICE", "xe"}, {"FAULTLINE_DEVICE_INDEX", "999"}};

ChildResult bench(const std::string& arguments, const ChildEnvironment& environment = kNoDevice) {
    return run_child(std::string(FAULTLINE_BENCH) + " " + arguments, environment);
}

void expect_one_line(const ChildResult& result, const std::string& what) {
    EXPECT_EQ(result.status, 2);
    EXPECT_EQ(std::count(result.err.begin(), result.err.end(), '\n'), 1) << result.err;
    EXPECT_THAT(result.err, HasSubstr(what));
    EXPECT_EQ(result.out, "");
}

TEST(CommandLine, ListsEveryFamilyWithoutADevice) {
    const ChildResult result = bench("--benchmark_list_tests");
    EXPECT_EQ(result.status, 0) << result.err;
    std::istringstream lines(result.out);
    std::map<std::string, std::size_t> count;
    for (std::string line; std::getline(lines, line);) ++count[line.substr(0, line.find('/'))];
    EXPECT_THAT(count, UnorderedElementsAre(Pair("fault", 18u + 2 * 11 + 3 * 11 + 4 + 4 + 2 + 3 + 3),
                                            Pair("migration", 20u + 20 + 4 + 3 + 2 + 2 + 4),
                                            Pair("invalidation", 6u * 2 * 3 * 2), Pair("baseline", 2u + 5 + 10 + 9 + 2),
                                            Pair("p2p", 2u + 2 + 1 + 3)));
    for (const char* name :
         {"fault/first_touch/atomic/cpu_touched/stride:64K/manual_time\n",
          "fault/parallelism/write/threads:1024/manual_time\n", "fault/same_page_storm/read/threads:1/manual_time\n",
          "migration/to_host/write/size:2M/iterations:8/manual_time\n"}) {
        EXPECT_THAT(result.out, HasSubstr(name));
    }
}

TEST(CommandLine, RefusesAnUnknownFlag) { expect_one_line(bench("--frobnicate=1"), "--frobnicate=1"); }

TEST(CommandLine, RefusesAStrayArgument) { expect_one_line(bench("fault"), "\"fault\""); }

TEST(CommandLine, RefusesAnUnknownFormat) { expect_one_line(bench("--benchmark_format=xml"), "console, json or csv"); }

TEST(CommandLine, SaysThatTheNamedDeviceIsNotThere) { expect_one_line(bench(""), "xe:999 is not there"); }

TEST(CommandLine, RefusesAnUnknownDevice) {
    expect_one_line(bench("", {{"FAULTLINE_DEVICE", "gpu"}}), "auto, xe or reference");
    // A list that would be of something else is refused as well.
    expect_one_line(bench("--benchmark_list_tests", {{"FAULTLINE_DEVICE", "gpu"}}), "auto, xe or reference");
}

}  // namespace
}  // namespace faultline
