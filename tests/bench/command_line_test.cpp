// faultline-bench from outside, where no device can be chosen: lists, refusals, exit statuses.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>

#include "tests/bench/child.h"
#include "vocabulary/family.h"

namespace faultline {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsSupersetOf;
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
    const ChildResult result = bench(std::string(kListFlag));
    EXPECT_EQ(result.status, 0) << result.err;
    const auto families = parse_families(result.out);
    ASSERT_TRUE(families.ok()) << families.error().message;
    std::map<std::string, std::size_t> count;
    std::vector<std::string> folders;
    for (const ListedFamily& family : *families) {
        count[family.name] = family.benchmarks.size();
        const std::string folder = family.name.substr(0, family.name.find('/'));
        if (folders.empty() || folders.back() != folder) folders.push_back(folder);
    }
    // Not all that there are, so that a new family is no news here.
    const std::map<std::string, std::size_t> some = {{"fault/first_touch", 18},
                                                     {"fault/parallelism", 2 * 11},
                                                     {"fault/same_page_storm", 3 * 11},
                                                     {"fault/order", 4},
                                                     {"fault/thp", 4},
                                                     {"fault/evicted", 2},
                                                     {"fault/many_vmas", 3},
                                                     {"fault/contexts", 3},
                                                     {"migration/to_device", 20},
                                                     {"migration/to_host", 20},
                                                     {"migration/ping_pong", 4},
                                                     {"migration/prefetch", 3},
                                                     {"migration/eviction", 2},
                                                     {"migration/atomic_contention", 2},
                                                     {"migration/preferred_location", 4},
                                                     {"invalidation/munmap", 2 * 3 * 2},
                                                     {"invalidation/first_touch", 2 * 3 * 2},
                                                     {"baseline/launch", 2},
                                                     {"baseline/warm_access", 5},
                                                     {"baseline/stream", 10},
                                                     {"baseline/copy", 9},
                                                     {"baseline/loader", 2},
                                                     {"p2p/migration", 2},
                                                     {"p2p/remote_access", 2},
                                                     {"p2p/remote_chase", 1},
                                                     {"p2p/copy", 3},
                                                     {"policy/faults", 0}};
    EXPECT_THAT(count, IsSupersetOf(some));
    // In the order of their files in bench/CMakeLists.txt, which is that in which they run.
    EXPECT_EQ(families->front().name, "fault/first_touch");
    EXPECT_THAT(folders, ElementsAre("fault", "migration", "invalidation", "baseline", "p2p", "policy"));
}

TEST(CommandLine, ListsWhatGoogleBenchmarkCallsThem) {
    const ChildResult result = bench("--benchmark_list_tests");
    EXPECT_EQ(result.status, 0) << result.err;
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
