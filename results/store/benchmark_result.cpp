#include "results/store/benchmark_result.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <map>
#include <string_view>

#include "vocabulary/skip.h"

namespace faultline::results {
namespace {

constexpr double kAbsent = std::numeric_limits<double>::quiet_NaN();
constexpr double kLargestWhole = 0x1p53;

/// Numbers of an entry that say where it stands, not what was measured.
bool is_position(std::string_view key) {
    static constexpr std::array<std::string_view, 6> kPositions = {
        "family_index", "per_family_instance_index", "repetitions", "repetition_index", "threads", "error_occurred"};
    return std::find(kPositions.begin(), kPositions.end(), key) != kPositions.end();
}

std::string text_of(const Json& entry, const char* key, const char* absent) {
    const auto it = entry.find(key);
    return it != entry.end() && it->is_string() ? it->get<std::string>() : absent;
}

bool has_error(const Json& entry) {
    const auto it = entry.find("error_occurred");
    return it != entry.end() && it->is_boolean() && it->get<bool>();
}

void add_repetition(BenchmarkResult& result, const Json& entry) {
    const bool failed = has_error(entry);
    const std::size_t repetition = result.repetitions();
    result.errors.push_back(failed ? text_of(entry, "error_message", "failed without a message") : "");
    if (failed && result.errors.back().empty()) result.errors.back() = "failed without a message";
    for (auto& row : result.values) row.push_back(kAbsent);
    if (failed) return;  // its numbers are those of a measurement that did not end
    for (const auto& [key, value] : entry.items()) {
        if (!value.is_number() || is_position(key)) continue;
        auto metric = std::find(result.metrics.begin(), result.metrics.end(), key);
        if (metric == result.metrics.end()) {
            metric = result.metrics.insert(metric, key);
            result.values.emplace_back(repetition + 1, kAbsent);
        }
        result.values[static_cast<std::size_t>(metric - result.metrics.begin())][repetition] = value.get<double>();
    }
}

}  // namespace

bool BenchmarkResult::failed() const {
    return std::any_of(errors.begin(), errors.end(), [](const std::string& e) { return !e.empty() && !is_skip(e); });
}

bool BenchmarkResult::skipped() const { return !failed() && std::any_of(errors.begin(), errors.end(), is_skip); }

std::vector<BenchmarkResult> results_of(const BenchmarkReport& report) {
    std::vector<BenchmarkResult> results;
    std::map<std::string, std::size_t> index;
    for (const Json& entry : report.benchmarks) {
        if (entry["run_type"] != "iteration") continue;
        const auto name = entry["run_name"].get<std::string>();
        const auto [it, is_new] = index.emplace(name, results.size());
        if (is_new) {
            BenchmarkResult result;
            result.name = name;
            const auto threads = entry.find("threads");
            if (threads != entry.end() && threads->is_number_integer()) result.threads = threads->get<int>();
            result.time_unit = text_of(entry, "time_unit", "ns");
            result.label = text_of(entry, "label", "");
            results.push_back(std::move(result));
        }
        add_repetition(results[it->second], entry);
    }
    return results;
}

void append_entries(Json& benchmarks, const BenchmarkResult& result, int family_index, int instance_index) {
    for (std::size_t r = 0; r < result.repetitions(); ++r) {
        Json entry = {
            {"name", result.name},     {"family_index", family_index}, {"per_family_instance_index", instance_index},
            {"run_name", result.name}, {"run_type", "iteration"},      {"repetitions", result.repetitions()},
            {"repetition_index", r},   {"threads", result.threads}};
        const bool failed = !result.errors[r].empty();
        if (failed) {
            // The members that Google Benchmark gives a benchmark that was skipped with an error.
            entry["error_occurred"] = true;
            entry["error_message"] = result.errors[r];
            entry["iterations"] = 0;
            entry["real_time"] = 0.0;
            entry["cpu_time"] = 0.0;
        }
        for (std::size_t m = 0; m < result.metrics.size(); ++m) {
            const double value = result.values[m][r];
            if (std::isnan(value)) continue;
            const std::string& metric = result.metrics[m];
            if (metric == "iterations" && std::abs(value) < kLargestWhole) {
                entry[metric] = static_cast<std::int64_t>(value);
            } else {
                entry[metric] = value;
            }
            if (metric == "cpu_time") entry["time_unit"] = result.time_unit;
        }
        if (!entry.contains("time_unit")) entry["time_unit"] = result.time_unit;
        if (!result.label.empty()) entry["label"] = result.label;
        benchmarks.push_back(std::move(entry));
    }
}

}  // namespace faultline::results
