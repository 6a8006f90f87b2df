#include <algorithm>
#include <array>

#include "plots/chart.h"

namespace faultline::plots {
namespace {

constexpr std::array kCharts = {
    Chart{"latency-cdf", "share of accesses served within a time", "latencies of at most 8 benchmarks and runs", "",
          false, draw_latency_cdf},
    Chart{"percentiles", "latency at 50 %, 90 %, 99 %, 99.9 % ..., runs over each other",
          "latencies of at most 8 benchmarks and runs", "", false, draw_percentiles},
    Chart{"throughput", "faults a second against threads, a curve a run and benchmark",
          "benchmarks .../threads:N with faults_per_second", "^fault/parallelism/", false, draw_throughput},
    Chart{"migration", "latency and GB/s against size", "benchmarks .../size:N with bytes_per_second",
          "^migration/to_(device|host)/[a-z]+/size:", false, draw_migration},
    Chart{"stages", "where the time of a fault goes", "the driver's counters gt.svm_*_us", "^fault/parallelism/", false,
          draw_stages},
    Chart{"p2p", "how fast each device reaches each, as a matrix",
          "one benchmark .../from:A/to:B with bytes_per_second or latencies", "^p2p/", false, draw_p2p},
    Chart{"oversubscription", "rate against memory in use, as a multiple of VRAM",
          "benchmarks .../oversubscription:Nx with bytes_per_second", "", false, draw_oversubscription},
    Chart{"trend", "a benchmark over many runs", "two runs or more (--run label:NAME)", "", false, draw_trend},
    Chart{"histogram-over-time", "latencies of one benchmark in the order they were taken",
          "one benchmark of one run whose directory is still there", "", true, draw_histogram_over_time},
    Chart{"side-by-side", "how many times as fast the second run is, benchmark by benchmark",
          "two runs (--run A --run B)", "", false, draw_side_by_side},
    Chart{"scaling", "throughput against threads, each curve as a multiple of its first point",
          "benchmarks .../threads:N with faults_per_second", "^fault/parallelism/", false, draw_scaling},
};

}  // namespace

std::span<const Chart> charts() { return kCharts; }

const Chart* find_chart(std::string_view name) {
    const auto it = std::find_if(kCharts.begin(), kCharts.end(), [&](const Chart& c) { return c.name == name; });
    return it == kCharts.end() ? nullptr : &*it;
}

std::string chart_names() {
    std::string names;
    for (const Chart& chart : kCharts) names += (names.empty() ? "" : ", ") + std::string(chart.name);
    return names;
}

}  // namespace faultline::plots
