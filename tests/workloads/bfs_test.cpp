// Breadth-first search on the reference GPU, through the unmodified Level Zero loader.
#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "tests/counters.h"
#include "tests/workloads/program_test.h"

namespace faultline::workloads {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;

class BfsOnReference : public ProgramTest {
protected:
    /// The benchmarks of a run that ended well.
    std::map<std::string, json> results(const std::string& filter,
                                        std::map<std::string, std::string> environment = {}) {
        environment["FAULTLINE_DEVICE"] = "reference";
        const Outcome outcome =
            run("--benchmark_min_time=0.01 --benchmark_format=json --benchmark_filter=" + filter, environment);
        EXPECT_EQ(outcome.status, 0) << outcome.errors;
        const json report = json::parse(outcome.output, nullptr, false);
        EXPECT_FALSE(report.is_discarded()) << outcome.output;
        std::map<std::string, json> found;
        if (report.is_object()) {
            for (const json& b : report["benchmarks"]) found[b["name"]] = b;
        }
        return found;
    }

    static void expect_sound(const json& result) {
        EXPECT_FALSE(result.value("error_occurred", false)) << result.value("error_message", "");
        EXPECT_GT(result.value("edges_per_second", 0.0), 0.0);
        EXPECT_GT(result.value("bytes_per_second", 0.0), 0.0);
        EXPECT_GT(result.value("faults", 0.0), 0.0);
        EXPECT_GT(result.value("faults_per_second", 0.0), 0.0);
        EXPECT_EQ(result.value("faults", 0.0), result.value("gt.svm_pagefault_count", -1.0));
        EXPECT_THAT(result.value("label", ""), HasSubstr("policy="));
        EXPECT_THAT(testing_support::unknown_counters(result), ::testing::IsEmpty());
    }
};

TEST_F(BfsOnReference, SearchesTheSmallRealGraph) {
    auto found = results("workload/bfs/karate/svm");
    ASSERT_EQ(found.size(), 1u);
    const json& result = found.begin()->second;
    expect_sound(result);
    EXPECT_EQ(result["edges"], 78);
    // 35 offsets of 8 bytes, 156 neighbours and three times 34 vertices of 4, and the size of the frontier.
    EXPECT_EQ(result["bytes"], 35 * 8 + 156 * 4 + 3 * 34 * 4 + 4);
}

TEST_F(BfsOnReference, SearchesAKroneckerGraph) {
    auto found = results("workload/bfs/kron-14/svm");
    ASSERT_EQ(found.size(), 1u);
    expect_sound(found.begin()->second);
    // The arrays hold several megabytes of malloc memory, of which a fault brings in 2 MiB at most.
    EXPECT_GE(found.begin()->second["faults"], 2);
}

TEST_F(BfsOnReference, SearchesADirectedPathOfTheUsersOwn) {
    std::string text = "%%MatrixMarket matrix coordinate pattern general\n40 40 39\n";
    for (int i = 1; i < 40; ++i) text += std::to_string(i) + " " + std::to_string(i + 1) + "\n";
    auto found = results("workload/bfs/path/svm", {{"FAULTLINE_GRAPH", file("path.mtx", text)}});
    ASSERT_EQ(found.size(), 1u);
    expect_sound(found.begin()->second);
    EXPECT_EQ(found.begin()->second["edges"], 39);  // the root is vertex 1, the first of those with one neighbour
}

}  // namespace
}  // namespace faultline::workloads
