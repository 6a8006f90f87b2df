// The side file of raw latencies that a benchmark leaves: one row a sample, so that any statistic can be taken later.
//
//     # faultline-latency 1
//     # benchmark: fault/first_touch/read/untouched/stride:4K
//     # unit: ns
//     # columns: repetition iteration latency
//     0 0 5120
//
// Further "# key: value" lines may stand between the first line and the columns. Thread safety: values.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/expected.h"

namespace faultline::results {

struct LatencySample {
    std::uint64_t repetition = 0;
    std::uint64_t iteration = 0;
    std::uint64_t nanoseconds = 0;

    friend bool operator==(const LatencySample&, const LatencySample&) = default;
};

struct LatencyFile {
    std::map<std::string, std::string> header;  ///< without columns; always has "benchmark" and "unit"
    std::vector<LatencySample> samples;

    const std::string& benchmark() const { return header.at("benchmark"); }
};

/// `origin` names the text in errors, which begin "ORIGIN:LINE: ". Error: kBadInput.
Expected<LatencyFile> parse_latency_file(std::string_view text, const std::string& origin);
Expected<LatencyFile> read_latency_file(const std::filesystem::path& path);

}  // namespace faultline::results
