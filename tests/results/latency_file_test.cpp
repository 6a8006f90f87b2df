#include "results/latency_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/temporary_directory.h"

namespace faultline::results {
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

}  // namespace
}  // namespace faultline::results
