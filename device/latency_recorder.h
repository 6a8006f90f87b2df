// The raw latencies of one benchmark over its repetitions, and the side file that keeps them.
//
// Google Benchmark calls a benchmark's function several times: first with growing iteration counts until one call lasts
// long enough, then once more per further repetition with the same count. Only the last of the growing calls is a
// result, so begin() drops what it has unless the count is that of the call before.
//
// The side file (vocabulary/latency_file.h) is written after each call. Thread safety: one thread at a time.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/expected.h"
#include "device/latency.h"
#include "vocabulary/latency_file.h"

namespace faultline::device {

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
    LatencyHeader header_;
    std::string directory_;
    std::vector<LatencySample> samples_;
    std::optional<std::int64_t> last_max_iterations_;
    std::uint64_t repetition_ = 0;
    std::uint64_t next_iteration_ = 0;
};

}  // namespace faultline::device
