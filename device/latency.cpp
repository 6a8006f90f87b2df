#include "device/latency.h"

#include <algorithm>
#include <cassert>

namespace faultline::device {

std::uint64_t nearest_rank(std::span<const std::uint64_t> sorted, unsigned permille) {
    assert(!sorted.empty() && permille <= 1000);
    const std::size_t rank = (sorted.size() * permille + 999) / 1000;
    return sorted[std::max<std::size_t>(rank, 1) - 1];
}

LatencySummary summarise(std::vector<std::uint64_t> latencies) {
    if (latencies.empty()) return {};
    std::sort(latencies.begin(), latencies.end());
    LatencySummary summary;
    summary.samples = latencies.size();
    summary.min = latencies.front();
    summary.p50 = nearest_rank(latencies, 500);
    summary.p90 = nearest_rank(latencies, 900);
    summary.p99 = nearest_rank(latencies, 990);
    summary.p999 = nearest_rank(latencies, 999);
    summary.max = latencies.back();
    return summary;
}

}  // namespace faultline::device
