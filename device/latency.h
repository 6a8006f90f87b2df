// Exact percentiles of a set of latencies.
//
// By nearest rank: the p-th percentile of n sorted samples is sample number ceil(p * n), counted from 1, so every
// figure reported is a latency that happened. Thread safety: stateless.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace faultline::device {

struct LatencySummary {
    std::uint64_t samples = 0;
    std::uint64_t min = 0;
    std::uint64_t p50 = 0;
    std::uint64_t p90 = 0;
    std::uint64_t p99 = 0;
    std::uint64_t p999 = 0;
    std::uint64_t max = 0;

    friend bool operator==(const LatencySummary&, const LatencySummary&) = default;
};

/// The percentile `permille` / 1000 of `sorted`. REQUIRES: sorted ascending, not empty, permille <= 1000.
std::uint64_t nearest_rank(std::span<const std::uint64_t> sorted, unsigned permille);

/// All zero when there are no samples.
LatencySummary summarise(std::vector<std::uint64_t> latencies);

}  // namespace faultline::device
