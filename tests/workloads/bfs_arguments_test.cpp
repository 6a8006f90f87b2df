// What faultline-workloads makes of its arguments and of the user's own graph; needs no device.
#include <gmock/gmock.h>

#include "tests/workloads/program_test.h"

namespace faultline::workloads {
namespace {

using ::testing::HasSubstr;

using BfsArguments = ProgramTest;

TEST_F(BfsArguments, ListsTheBuiltInGraphs) {
    const Outcome outcome = run("--benchmark_list_tests");
    EXPECT_EQ(outcome.status, 0) << outcome.errors;
    for (const char* graph : {"karate", "kron-14", "kron-16"})
        EXPECT_THAT(outcome.output, HasSubstr("workload/bfs/" + std::string(graph) + "/svm"));
}

TEST_F(BfsArguments, ListsTheUsersOwnGraph) {
    const std::string path = file("my_path.v2.mtx", "%%MatrixMarket matrix coordinate pattern general\n2 2 1\n1 2\n");
    const Outcome outcome = run("--benchmark_list_tests", {{"FAULTLINE_GRAPH", path}});
    EXPECT_EQ(outcome.status, 0) << outcome.errors;
    EXPECT_THAT(outcome.output, HasSubstr("workload/bfs/my_path.v2/svm"));
}

TEST_F(BfsArguments, AMissingFileIsOneLineAndStatusTwo) {
    const Outcome outcome = run("--benchmark_list_tests", {{"FAULTLINE_GRAPH", "/nonexistent/graph.mtx"}});
    EXPECT_EQ(outcome.status, 2);
    EXPECT_EQ(outcome.output, "");
    EXPECT_EQ(outcome.errors, "faultline: /nonexistent/graph.mtx: cannot read: No such file or directory\n");
}

TEST_F(BfsArguments, AMalformedFileIsOneLineAndStatusTwo) {
    const std::string path = file("bad.mtx", "%%MatrixMarket matrix coordinate pattern general\n2 2 1\n1 3\n");
    const Outcome outcome = run("--benchmark_list_tests", {{"FAULTLINE_GRAPH", path}});
    EXPECT_EQ(outcome.status, 2);
    EXPECT_EQ(outcome.output, "");
    EXPECT_EQ(outcome.errors, "faultline: " + path + ":3: column 3 is out of range 1..2\n");
}

TEST_F(BfsArguments, AFileThatIsNoGraphIsOneLineAndStatusTwo) {
    const std::string path = file("wide.mtx", "%%MatrixMarket matrix coordinate pattern general\n2 3 1\n1 3\n");
    const Outcome outcome = run("--benchmark_list_tests", {{"FAULTLINE_GRAPH", path}});
    EXPECT_EQ(outcome.status, 2);
    EXPECT_EQ(outcome.errors, "faultline: " + path + ": not a graph: the adjacency matrix is 2 x 3, not square\n");
}

TEST_F(BfsArguments, AFileWithTheNameOfABuiltInGraphIsRefused) {
    const std::string path = file("karate.mtx", "%%MatrixMarket matrix coordinate pattern general\n2 2 1\n1 2\n");
    const Outcome outcome = run("--benchmark_list_tests", {{"FAULTLINE_GRAPH", path}});
    EXPECT_EQ(outcome.status, 2);
    EXPECT_EQ(outcome.errors, "faultline: " + path + ": the name karate is that of a built-in graph\n");
}

}  // namespace
}  // namespace faultline::workloads
