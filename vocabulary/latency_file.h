// The side file of raw latencies that a benchmark leaves, written and read here alone: one row a sample, so that any
// statistic can be taken later.
//
//     # faultline-latency 1
//     # benchmark: fault/first_touch/read/untouched/stride:4K
//     # unit: ns
//     # device: ...
//     # policy: ...
//     # model: ...
//     # columns: repetition iteration latency
//     0 0 5120
//
// Further "# key: value" lines may stand between the first line and the columns. The benchmark's name is canonical when
// it is written; when a file of an older program is read, it is today's (vocabulary/former_name.h). Thread safety:
// values; files are written whole under a temporary name and renamed.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/expected.h"

namespace faultline {

struct LatencySample {
    std::uint64_t repetition = 0;
    std::uint64_t iteration = 0;
    std::uint64_t nanoseconds = 0;

    friend bool operator==(const LatencySample&, const LatencySample&) = default;
};

/// Whose latencies they are. No field holds a line break.
struct LatencyHeader {
    std::string benchmark;
    std::string device;
    std::string policy;
    std::string model;
};

/// As read.
struct LatencyFile {
    std::map<std::string, std::string> header;  ///< without columns; always has "benchmark" and "unit"
    std::vector<LatencySample> samples;

    const std::string& benchmark() const { return header.at("benchmark"); }
};

/// The name of the side file, without directory: every character of the benchmark's canonical name outside
/// [A-Za-z0-9._=-] becomes '_'.
std::string side_file_name(std::string_view benchmark);

/// Writes `directory`/side_file_name(); the directory is created. Error: kUnavailable, naming the file.
Status write_latency_file(const std::filesystem::path& directory, const LatencyHeader& header,
                          std::span<const LatencySample> samples);

/// `origin` names the text in errors, which begin "ORIGIN:LINE: ". Error: kBadInput.
Expected<LatencyFile> parse_latency_file(std::string_view text, const std::string& origin);
Expected<LatencyFile> read_latency_file(const std::filesystem::path& path);

/// Whose latencies a file holds, from its header alone: the files are large and there are many. Empty when it does not
/// say so.
std::string benchmark_of_latency_file(const std::filesystem::path& path);

}  // namespace faultline
