#include "results/summary.h"

#include <algorithm>
#include <map>

#include "vocabulary/skip.h"

namespace faultline::results {
namespace {

using Repetitions = std::vector<const Json*>;

/// The values of a counter over the repetitions that have it, ascending.
std::vector<double> values(const Repetitions& repetitions, const char* key) {
    std::vector<double> found;
    for (const Json* repetition : repetitions) {
        const auto it = repetition->find(key);
        if (it != repetition->end() && it->is_number()) found.push_back(it->get<double>());
    }
    std::sort(found.begin(), found.end());
    return found;
}

/// The middle value, or the mean of the two middle ones. REQUIRES: ascending, not empty.
double median(const std::vector<double>& sorted) {
    const std::size_t half = sorted.size() / 2;
    return sorted.size() % 2 == 1 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
}

std::optional<double> median_of(const Repetitions& repetitions, const char* key) {
    const std::vector<double> found = values(repetitions, key);
    return found.empty() ? std::nullopt : std::optional(median(found));
}

std::optional<double> largest_of(const Repetitions& repetitions, const char* key) {
    const std::vector<double> found = values(repetitions, key);
    return found.empty() ? std::nullopt : std::optional(found.back());
}

std::optional<double> spread_of(const Repetitions& repetitions) {
    for (const char* key : {"faults_per_second", "bytes_per_second", "real_time"}) {
        const std::vector<double> found = values(repetitions, key);
        // A rate of nothing, where no fault belongs, says nothing of how steady the rest is.
        if (found.empty() || median(found) <= 0) continue;
        const double middle = median(found);
        if (found.size() < 2) return std::nullopt;
        return (found.back() - found.front()) / middle;
    }
    return std::nullopt;
}

}  // namespace

std::vector<SummaryRow> summarise(const BenchmarkReport& report) {
    std::vector<SummaryRow> rows;
    std::map<std::string, std::size_t> index;
    std::vector<Repetitions> repetitions;
    for (const Json& benchmark : report.benchmarks) {
        if (benchmark["run_type"] != "iteration") continue;
        const auto name = benchmark["run_name"].get<std::string>();
        const auto [it, is_new] = index.emplace(name, rows.size());
        if (is_new) {
            rows.push_back(SummaryRow{.benchmark = name});
            repetitions.emplace_back();
        }
        if (!benchmark.value("error_occurred", false)) {
            repetitions[it->second].push_back(&benchmark);
            continue;
        }
        const std::string message = benchmark.value("error_message", "failed without a message");
        SummaryRow& row = rows[it->second];
        if (is_skip(message)) {
            if (row.skipped.empty()) row.skipped = skip_reason(message);
        } else if (row.error.empty()) {
            row.error = message;
        }
    }
    for (std::size_t i = 0; i < rows.size(); ++i) {
        SummaryRow& row = rows[i];
        row.faults_per_second = median_of(repetitions[i], "faults_per_second");
        row.p50 = median_of(repetitions[i], "latency_p50_ns");
        row.p99 = median_of(repetitions[i], "latency_p99_ns");
        row.p999 = median_of(repetitions[i], "latency_p999_ns");
        row.max = largest_of(repetitions[i], "latency_max_ns");
        row.bytes_per_second = median_of(repetitions[i], "bytes_per_second");
        row.speedup = median_of(repetitions[i], "speedup");
        row.spread = spread_of(repetitions[i]);
    }
    return rows;
}

}  // namespace faultline::results
