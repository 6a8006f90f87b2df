#include "plots/verdict.h"

#include <fmt/format.h>

#include <algorithm>
#include <cassert>
#include <utility>

#include "results/compare/environment.h"
#include "vocabulary/metrics.h"

namespace faultline::plots {
namespace {

results::SampleSet samples_of(const RunSet& set) {
    results::SampleSet samples{set.name(), set.environment, {}};
    std::map<std::pair<std::string, std::string>, std::size_t> index;
    for (const RunData& run : set.runs) {
        for (const Measured& m : run.benchmarks) {
            for (const auto& [metric, values] : m.metrics) {
                const auto [it, is_new] = index.emplace(std::pair(m.name, metric), samples.series.size());
                if (is_new) samples.series.push_back({m.name, metric_of(metric), {}});
                results::Series& series = samples.series[it->second];
                for (std::size_t r = 0; r < values.size(); ++r) {
                    series.samples.push_back({m.boot, m.process, static_cast<int>(r), values[r]});
                }
            }
        }
    }
    return samples;
}

}  // namespace

const results::ComparedMetric& Judged::decisive() const {
    assert(!rows.empty());
    for (const results::Verdict verdict : {results::Verdict::kWorse, results::Verdict::kBetter}) {
        const auto row = std::find_if(rows.begin(), rows.end(), [&](const auto& r) { return r.verdict == verdict; });
        if (row != rows.end()) return *row;
    }
    return rows.front();
}

Verdicts verdicts(const RunSet& before, const RunSet& after) {
    const results::SampleSet a = samples_of(before);
    const results::SampleSet b = samples_of(after);
    Verdicts all;
    all.differences = results::differences(a, b);
    if (const auto obstacles = results::obstacles(a, b); !obstacles.empty()) {
        all.refused = fmt::format("{}", fmt::join(obstacles, "; "));
        return all;
    }
    auto comparison = results::compare(a, b, {});
    if (!comparison) {
        all.refused = comparison.error().message;
        return all;
    }
    all.notes = std::move(comparison->notes);
    for (results::ComparedMetric& row : comparison->rows) {
        all.benchmarks[row.benchmark].rows.push_back(std::move(row));
    }
    for (auto& [name, judged] : all.benchmarks) {
        std::stable_partition(judged.rows.begin(), judged.rows.end(),
                              [](const auto& row) { return row.metric.name == kCompared; });
    }
    return all;
}

double gain_of(const results::ComparedMetric& row) {
    return row.metric.direction == Direction::kHigher ? row.ratio() : 1 / row.ratio();
}

}  // namespace faultline::plots
