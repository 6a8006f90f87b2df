// The raw latencies of one benchmark over its repetitions, and the side file that keeps them.
//
// Google Benchmark calls a benchmark's function several times: first with growing iteration counts until one call lasts
// long enough, then once more per further repetition with the same count. Only the last of the growing calls is a
// result, so begin() drops what it has unless the count is that of the call before.
//
// Side file `<dir>/<name>.lat`, where every character of the benchmark's name outside [A-Za-z0-9._=-] became '_':
//
//     # faultline-latency 1
//     # benchmark: NAME
//     # unit: ns
//     # device: ...
//     # policy: ...
//     # model: ...
//     # columns: repetition iteration latency
//     0 0 10250
//
// Written whole under a temporary name and renamed, after each call. Thread safety: one thread at a time.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/expected.h"
#include "device/latency.h"

namespace faultline::device {

inline constexpr const char* kEnvLatencyDir = "FAULTLINE_LATENCY_DIR";  ///< absent or empty: no side files

/// Whose latencies they are. No field holds a line break.
struct LatencyHeader {
    std::string benchmark;  ///< the name as in Google Benchmark's JSON ("run_name")
    std::string device;
    std::string policy;
    std::string model;
};

/// The name of the side file, without directory.
std::string side_file_name(std::string_view benchmark);

class LatencyRecorder {
public:
    /// `directory` empty: nothing is written. It is created when the first file is.
    LatencyRecorder(LatencyHeader header, std::string directory);

    /// A call of the benchmark's function with this iteration count begins.
    void begin(std::int64_t max_iterations);
    /// Latencies, in ns, of the next iteration of the call.
    void record(std::span<const std::uint64_t> latencies);
    /// Of the call under way or just ended, over all its iterations.
    LatencySummary summary() const;
    /// Writes the side file. kUnavailable names the file that cannot be written.
    Status write() const;

private:
    struct Iteration {
        std::uint32_t repetition = 0;
        std::uint32_t iteration = 0;
        std::vector<std::uint64_t> latencies;
    };
    std::string text() const;

    LatencyHeader header_;
    std::string directory_;
    std::vector<Iteration> iterations_;
    std::optional<std::int64_t> last_max_iterations_;
    std::uint32_t repetition_ = 0;
    std::uint32_t next_iteration_ = 0;
};

}  // namespace faultline::device
