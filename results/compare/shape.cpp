#include "results/compare/shape.h"

#include <fmt/format.h>

#include <cmath>
#include <map>
#include <optional>
#include <utility>

#include "results/compare/index.h"
#include "results/statistics/statistics.h"
#include "vocabulary/benchmark_name.h"

namespace faultline::results {
namespace {

constexpr std::uint64_t kSeed = 1;

/// One benchmark on both sides.
struct Pair {
    std::string benchmark;
    Nested a;
    Nested b;
};

std::string fact(const SampleSet& set, const std::string& key) {
    const auto it = set.environment.find(key);
    return it == set.environment.end() ? "unknown" : it->second;
}

std::optional<Nested> values_of(const SeriesIndex& index, const std::string& benchmark, const std::string& metric) {
    const Series* series = find(index.metrics(benchmark), metric);
    return series == nullptr ? std::nullopt : Nested::of(series->samples);
}

ShapeRow row_of(const Pair& pair, const Pair& baseline, double confidence, int resamples, Random& random) {
    ShapeRow row{pair.benchmark, baseline.benchmark, 1, 1, 1, 1};
    if (&pair == &baseline) return row;
    row.shape_a = std::exp(pair.a.median() - baseline.a.median());
    row.shape_b = std::exp(pair.b.median() - baseline.b.median());
    std::vector<double> differences(static_cast<std::size_t>(resamples));
    for (double& difference : differences) {
        const double of_a = pair.a.resampled_median(random) - baseline.a.resampled_median(random);
        difference = pair.b.resampled_median(random) - baseline.b.resampled_median(random) - of_a;
    }
    const Interval interval = middle_of(differences, confidence);
    row.ratio_low = std::exp(interval.low);
    row.ratio_high = std::exp(interval.high);
    return row;
}

}  // namespace

Expected<ShapeComparison> compare_shapes(const SampleSet& a, const SampleSet& b, const std::string& metric,
                                         double confidence, int resamples) {
    ShapeComparison comparison{a.label, b.label, fact(a, "device"), fact(b, "device"), metric, {}, {}};
    const SeriesIndex in_a(a);
    const SeriesIndex in_b(b);
    std::vector<Pair> pairs;
    for (const std::string& benchmark : benchmarks_of_both(in_a, in_b)) {
        auto of_a = values_of(in_a, benchmark, metric);
        auto of_b = values_of(in_b, benchmark, metric);
        if (of_a && of_b) {
            pairs.push_back({benchmark, *std::move(of_a), *std::move(of_b)});
        } else {
            comparison.missing.push_back(benchmark);
        }
    }
    if (pairs.empty()) {
        return Error{ErrorKind::kBadInput,
                     fmt::format("no benchmark has {} in both {} and {}", metric, a.label, b.label)};
    }
    std::map<std::string, const Pair*> baselines;
    Random random(kSeed);
    for (const Pair& pair : pairs) {
        const Pair* baseline = baselines.emplace(family_of(pair.benchmark), &pair).first->second;
        comparison.rows.push_back(row_of(pair, *baseline, confidence, resamples, random));
    }
    return comparison;
}

}  // namespace faultline::results
