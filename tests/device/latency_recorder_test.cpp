// The side file, letter by letter, and which calls of a benchmark's function it keeps.
#include "device/latency_recorder.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>

#include "tests/temporary_directory.h"

namespace faultline::device {
namespace {

namespace fs = std::filesystem;

class LatencyRecorderTest : public testing::Test {
protected:
    LatencyRecorder recorder() {
        return {{"fault/first_touch/read/stride:4K", "Faultline reference", "xe-7.0", "native"}, directory_.string()};
    }
    std::string side_file() {
        std::ifstream in(directory_ / "fault_first_touch_read_stride_4K.lat");
        return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
    }
    static void one_call(LatencyRecorder& recorder, std::vector<std::vector<std::uint64_t>> iterations) {
        recorder.begin(static_cast<std::int64_t>(iterations.size()));
        for (const auto& latencies : iterations) recorder.record(latencies);
        const Status status = recorder.write();
        EXPECT_TRUE(status.ok());
    }

    TemporaryDirectory root_;
    fs::path directory_ = root_.path();
};

TEST_F(LatencyRecorderTest, WritesTheContract) {
    LatencyRecorder r = recorder();
    one_call(r, {{10250, 9}, {77}});
    EXPECT_EQ(side_file(),
              "# faultline-latency 1\n"
              "# benchmark: fault/first_touch/read/stride:4K\n"
              "# unit: ns\n"
              "# device: Faultline reference\n"
              "# policy: xe-7.0\n"
              "# model: native\n"
              "# columns: repetition iteration latency\n"
              "0 0 10250\n"
              "0 0 9\n"
              "0 1 77\n");
}

TEST_F(LatencyRecorderTest, ForgetsTheCallsThatOnlyEstimatedTheIterationCount) {
    LatencyRecorder r = recorder();
    one_call(r, {{1}});
    one_call(r, {{2}, {3}});
    EXPECT_EQ(r.summary().samples, 2u);
    EXPECT_EQ(side_file().find("0 0 1\n"), std::string::npos);
}

TEST_F(LatencyRecorderTest, KeepsEveryRepetitionInOneFileAndSummarisesTheLast) {
    LatencyRecorder r = recorder();
    one_call(r, {{1}});
    one_call(r, {{2}, {3}});
    one_call(r, {{4}, {50}});
    EXPECT_NE(side_file().find("0 0 2\n0 1 3\n1 0 4\n1 1 50\n"), std::string::npos);
    EXPECT_EQ(r.summary().samples, 2u);
    EXPECT_EQ(r.summary().min, 4u);
    EXPECT_EQ(r.summary().max, 50u);
}

TEST_F(LatencyRecorderTest, LeavesNothingButTheFile) {
    LatencyRecorder r = recorder();
    one_call(r, {{1}});
    EXPECT_EQ(std::distance(fs::directory_iterator(directory_), fs::directory_iterator{}), 1);
}

TEST_F(LatencyRecorderTest, CreatesTheDirectory) {
    directory_ /= "deeper";
    LatencyRecorder r = recorder();
    one_call(r, {{1}});
    EXPECT_FALSE(side_file().empty());
}

TEST_F(LatencyRecorderTest, SaysWhatItCannotWriteAndLeavesNothing) {
    const fs::path in_the_way = directory_ / "file";
    std::ofstream(in_the_way) << "x";
    LatencyRecorder r({"a/b", "", "", ""}, in_the_way.string());
    r.begin(1);
    const Status status = r.write();
    ASSERT_FALSE(status.ok());
    EXPECT_NE(status.error().message.find("a_b.lat"), std::string::npos);
}

TEST_F(LatencyRecorderTest, WritesNothingWithoutADirectory) {
    LatencyRecorder r({"a/b", "", "", ""}, "");
    one_call(r, {{1}});
    EXPECT_TRUE(fs::is_empty(directory_));
}

}  // namespace
}  // namespace faultline::device
