#include "vocabulary/latency_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/temporary_directory.h"

namespace faultline {
namespace {

const std::string kHeader =
    "# faultline-latency 1\n# benchmark: fault/a\n# unit: ns\n# policy: xe-7.0\n"
    "# columns: repetition iteration latency\n";

std::string error_of(const std::string& text) {
    const auto file = parse_latency_file(text, "a.lat");
    return file.ok() ? "no error" : file.error().message;
}

TEST(LatencyFile, ReadsHeaderAndRows) {
    const auto file = parse_latency_file(kHeader + "0 0 5120\n0 1 18446744073709551615\n", "a.lat");
    ASSERT_TRUE(file.ok()) << file.error().message;
    EXPECT_EQ(file->benchmark(), "fault/a");
    EXPECT_EQ(file->header.at("policy"), "xe-7.0");
    EXPECT_THAT(file->samples,
                testing::ElementsAre(LatencySample{0, 0, 5120}, LatencySample{0, 1, 18446744073709551615u}));
}

TEST(LatencyFile, ErrorsNameFileAndLine) {
    EXPECT_EQ(error_of("# latency\n"), "a.lat:1: expected \"# faultline-latency 1\"");
    EXPECT_EQ(error_of(kHeader + "0 0 1\n0 x 1\n"),
              "a.lat:7: expected three whole numbers: repetition, iteration, latency");
    EXPECT_EQ(error_of(kHeader + "0 0\n"), "a.lat:6: expected three whole numbers: repetition, iteration, latency");
    EXPECT_EQ(error_of(kHeader + "0 0 1 2\n"), "a.lat:6: expected three whole numbers: repetition, iteration, latency");
    EXPECT_EQ(error_of(kHeader + "0 0 -1\n"), "a.lat:6: expected three whole numbers: repetition, iteration, latency");
    EXPECT_EQ(error_of(kHeader + "0 0 51"), "a.lat:6: the last line is not ended: the file was cut");
    EXPECT_EQ(error_of("# faultline-latency 1\n# unit: ns\n"), "a.lat:3: ends before \"# columns: ...\"");
    EXPECT_EQ(error_of("# faultline-latency 1\n# unit: ns\n# columns: repetition iteration latency\n"),
              "a.lat:3: no \"# benchmark: ...\" before it");
    EXPECT_EQ(error_of("# faultline-latency 1\n# benchmark: a\n# unit: us\n# columns: repetition iteration latency\n"),
              "a.lat:4: unit: expected \"ns\"");
    EXPECT_EQ(error_of("# faultline-latency 1\n# unit: ns\n# unit: ns\n"), "a.lat:3: \"unit\" is given twice");
    EXPECT_EQ(error_of("# faultline-latency 1\n# columns: latency\n"),
              "a.lat:2: columns: expected \"repetition iteration latency\"");
}

// A file cut anywhere before its end is either refused or has only rows that were written.
TEST(LatencyFile, ACutFileNeverYieldsAWrongRow) {
    const std::string text = kHeader + "0 0 5120\n0 1 77\n1 0 6\n";
    const auto whole = parse_latency_file(text, "a.lat");
    ASSERT_TRUE(whole.ok());
    for (std::size_t length = 0; length < text.size(); ++length) {
        const auto cut = parse_latency_file(text.substr(0, length), "a.lat");
        if (!cut.ok()) continue;
        ASSERT_LE(cut->samples.size(), whole->samples.size());
        for (std::size_t i = 0; i < cut->samples.size(); ++i) EXPECT_EQ(cut->samples[i], whole->samples[i]);
    }
}

TEST(LatencyFile, ReadsWhatItWrote) {
    const TemporaryDirectory directory;
    const std::vector<LatencySample> samples = {{0, 0, 10250}, {0, 0, 9}, {1, 0, 18446744073709551615u}};
    const LatencyHeader header{"fault/first_touch/read/stride:4K", "Faultline reference", "xe-7.0", "native"};
    ASSERT_TRUE(write_latency_file(directory.path() / "deeper", header, samples).ok());
    const auto path = directory.path() / "deeper" / "fault_first_touch_read_stride_4K.lat";
    const auto file = read_latency_file(path);
    ASSERT_TRUE(file.ok()) << file.error().message;
    EXPECT_EQ(file->samples, samples);
    EXPECT_EQ(file->benchmark(), header.benchmark);
    EXPECT_EQ(file->header.at("model"), "native");
    EXPECT_EQ(benchmark_of_latency_file(path), header.benchmark);
}

// Programs before this one wrote what Google Benchmark appends.
TEST(LatencyFile, TheNameIsCanonicalHoweverItWasWritten) {
    const TemporaryDirectory directory;
    const LatencyHeader header{"fault/evicted/once/iterations:8/manual_time", "", "", ""};
    ASSERT_TRUE(write_latency_file(directory.path(), header, {}).ok());
    EXPECT_EQ(benchmark_of_latency_file(directory.path() / "fault_evicted_once.lat"), "fault/evicted/once");
    const auto old = parse_latency_file(
        "# faultline-latency 1\n# benchmark: fault/a/manual_time\n# unit: ns\n"
        "# columns: repetition iteration latency\n",
        "a.lat");
    ASSERT_TRUE(old.ok()) << old.error().message;
    EXPECT_EQ(old->benchmark(), "fault/a");
}

TEST(LatencyFile, OneThatIsNotThereIsAnError) {
    const TemporaryDirectory directory;
    const auto file = read_latency_file(directory.path() / "none.lat");
    ASSERT_FALSE(file.ok());
    EXPECT_NE(file.error().message.find("none.lat: No such file"), std::string::npos) << file.error().message;
    EXPECT_EQ(benchmark_of_latency_file(directory.path() / "none.lat"), "");
}

TEST(SideFileName, KeepsOnlyTheAllowedCharacters) {
    EXPECT_EQ(side_file_name("Az09._=-"), "Az09._=-.lat");
    EXPECT_EQ(side_file_name("a/b:c d<e>\n\xc3\xa9"), "a_b_c_d_e____.lat");
}

}  // namespace
}  // namespace faultline
