#include "vocabulary/metrics.h"

#include <algorithm>
#include <array>
#include <utility>

#include "vocabulary/fault_stages.h"

namespace faultline {
namespace {

using enum Direction;

constexpr KnownMetric kMetrics[] = {
    // Google Benchmark's.
    {"real_time", "ns", kLower, "an iteration, by the wall clock or by the time that the benchmark took itself"},
    {"cpu_time", "ns", kLower, "an iteration, processor time of the benchmark's thread"},
    {"iterations", "", kNeither, "iterations of a repetition"},
    {"items_per_second", "1/s", kHigher, "items that a benchmark counts"},
    {"bytes_per_second", "B/s", kHigher, "bytes that were moved, copied or made accessible"},

    // Faults and what they move.
    {"faults", "", kNeither, "GPU faults an iteration, by the GT counters"},
    {"faults_per_second", "1/s", kHigher, "GPU faults, by the GT counters"},
    {"accesses_per_second", "1/s", kHigher, "accesses that a kernel made, faulting or not"},
    {"received_per_served", "", kNeither, "faults that the hardware reported, over faults that were served one by one"},
    {"ranges", "", kNeither, "ranges that an iteration moved without a GPU fault"},
    {"on_device", "", kHigher, "share of the pages that are on the device afterwards"},
    {"to_host_share", "", kHigher, "share of what the CPU touched that came back to the host"},
    {"evicted_bytes", "B", kNeither, "bytes an iteration that had to leave the device"},
    {"copies_per_byte", "", kLower, "copies that the drivers made, over bytes that moved: one is the least"},

    // Latencies: of what each, the family says.
    {"latency_min_ns", "ns", kLower, "smallest latency"},
    {"latency_p<N>_ns", "ns", kLower, "percentile of the latencies: p50 is the median, p999 the 99.9th"},
    {"latency_max_ns", "ns", kLower, "largest latency"},
    {"latency_samples", "", kNeither, "latencies that a repetition took"},

    // Single families.
    {"ns_per_call", "ns", kLower, "a call through the Level Zero loader"},
    {"gpu_additions_per_second", "1/s", kHigher, "atomic additions by the GPU, while the CPU adds too"},
    {"cpu_additions_per_second", "1/s", kHigher, "atomic additions by the CPU, while the GPU adds too"},
    {"speedup", "", kHigher, "times of the baseline over times of the policy, the median"},
    {"speedup_min", "", kHigher, "the same, the smallest"},
    {"speedup_max", "", kHigher, "the same, the largest"},
    {"edges", "", kNeither, "edges of the graph that a search followed"},
    {"edges_per_second", "1/s", kHigher, "edges that a search followed"},
    {"bytes", "B", kNeither, "memory that a program works on"},

    // Where a fault's time goes, and the driver's counters.
    {"stage.<stage>_us", "us", kLower, "a stage of the driver's handling, for each fault or each range"},
    {"gt.<counter>_us", "us", kLower, "GT counter: time that the driver took, an iteration"},
    {"gt.<counter>_count", "", kNeither, "GT counter: how often it happened, an iteration"},
    {"gt.<counter>_kb", "KiB", kNeither, "GT counter: memory that was moved or mapped, an iteration"},
};

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_word(char c) { return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }

/// Whether `text` is what the placeholder, without its brackets, stands for.
bool stands_for(std::string_view placeholder, std::string_view text) {
    if (placeholder == "N") return !text.empty() && std::all_of(text.begin(), text.end(), is_digit);
    if (placeholder == "counter") return !text.empty() && std::all_of(text.begin(), text.end(), is_word);
    return std::any_of(kFaultStages.begin(), kFaultStages.end(), [&](const FaultStage& s) { return s.name == text; });
}

/// A pattern has one placeholder at most.
bool fits(std::string_view pattern, std::string_view name) {
    const std::size_t open = pattern.find('<');
    if (open == std::string_view::npos) return pattern == name;
    const std::size_t close = pattern.find('>');
    const std::string_view before = pattern.substr(0, open);
    const std::string_view after = pattern.substr(close + 1);
    if (name.size() < before.size() + after.size() || !name.starts_with(before) || !name.ends_with(after)) return false;
    return stands_for(pattern.substr(open + 1, close - open - 1),
                      name.substr(before.size(), name.size() - before.size() - after.size()));
}

}  // namespace

std::span<const KnownMetric> known_metrics() { return kMetrics; }

const KnownMetric* find_metric(std::string_view name) {
    const auto* found = std::find_if(std::begin(kMetrics), std::end(kMetrics),
                                     [&](const KnownMetric& metric) { return fits(metric.name, name); });
    return found == std::end(kMetrics) ? nullptr : found;
}

Metric metric_of(std::string_view name) {
    const KnownMetric* known = find_metric(name);
    if (known == nullptr) return {std::string(name), "", kUnknown};
    return {std::string(name), std::string(known->unit), known->direction};
}

double nanoseconds_per(std::string_view time_unit) {
    static constexpr std::array<std::pair<std::string_view, double>, 4> kUnits = {
        {{"ns", 1}, {"us", 1e3}, {"ms", 1e6}, {"s", 1e9}}};
    for (const auto& [unit, nanoseconds] : kUnits) {
        if (time_unit == unit) return nanoseconds;
    }
    return 0;
}

std::string_view to_string(Direction direction) {
    static constexpr std::array<std::string_view, 4> kNames = {"not known", "higher is better", "lower is better",
                                                               "neither"};
    return kNames[static_cast<std::size_t>(direction)];
}

}  // namespace faultline
