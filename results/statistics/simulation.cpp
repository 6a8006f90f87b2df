#include "results/statistics/simulation.h"

#include <fmt/format.h>

#include <cmath>
#include <random>
#include <string>

#include "results/statistics/statistics.h"

namespace faultline::results {
namespace {

constexpr double kDegreesOfFreedom = 3;
constexpr double kTypicalNanoseconds = 12'000;
/// How much an outlier takes longer, on average, in units of what it should take.
constexpr double kOutlier = 1;

/// Of standard deviation `deviation`.
double heavy_tailed(double deviation, Random& random) {
    std::student_t_distribution<double> student(kDegreesOfFreedom);
    const double variance = kDegreesOfFreedom / (kDegreesOfFreedom - 2);
    return student(random) / std::sqrt(variance) * deviation;
}

double repetition(const Noise& noise, Random& random) {
    double log = heavy_tailed(noise.repetition, random);
    if (std::bernoulli_distribution(noise.outliers)(random)) {
        log += std::log(1 + std::exponential_distribution<double>(1 / kOutlier)(random));
    }
    return log;
}

/// One benchmark of one side, slower than the other side by `effect`.
Series series_of(const std::string& benchmark, const std::string& side, int boots, const Scenario& scenario,
                 double effect, Random& random) {
    const Design& design = scenario.design;
    Series series{benchmark, metric_of("real_time"), {}};
    for (int b = 0; b < boots; ++b) {
        const std::string boot = design.same_boot ? "boot" : fmt::format("{}-boot-{}", side, b);
        // One boot of both sides does the same to both.
        const double of_boot = design.same_boot ? 0 : heavy_tailed(scenario.noise.boot, random);
        for (int p = 0; p < design.processes; ++p) {
            const std::string process = fmt::format("{}/{}.{}", side, b, p);
            const double of_process = of_boot + heavy_tailed(scenario.noise.process, random);
            for (int r = 0; r < design.repetitions; ++r) {
                const double log = of_process + repetition(scenario.noise, random);
                series.samples.push_back({boot, process, r, kTypicalNanoseconds * (1 + effect) * std::exp(log)});
            }
        }
    }
    return series;
}

void count(const ComparedMetric& row, bool is_changed, Tally& tally) {
    const bool alarmed = row.verdict == Verdict::kBetter || row.verdict == Verdict::kWorse;
    if (is_changed) {
        ++tally.changed;
        tally.found += row.verdict == Verdict::kWorse;
        tally.called_same += row.verdict == Verdict::kSame;
        tally.called_better += row.verdict == Verdict::kBetter;
    } else {
        ++tally.unchanged;
        tally.false_alarms += alarmed;
        tally.unchanged_same += row.verdict == Verdict::kSame;
    }
}

}  // namespace

Tally simulate(const Scenario& scenario, int trials, std::uint64_t seed) {
    Random random(seed);
    Tally tally;
    for (int trial = 0; trial < trials; ++trial) {
        SampleSet a{.label = "A", .environment = {}, .series = {}};
        SampleSet b{.label = "B", .environment = {}, .series = {}};
        for (int i = 0; i < scenario.benchmarks; ++i) {
            // Named by trial, since compare() draws the same numbers for the same name.
            const std::string name = fmt::format("trial/{}/{}", trial, i);
            const double effect = i < scenario.changed ? scenario.effect : 0;
            a.series.push_back(series_of(name, "a", scenario.design.boots_a, scenario, 0, random));
            b.series.push_back(series_of(name, "b", scenario.design.boots_b, scenario, effect, random));
        }
        const Expected<Comparison> compared = compare(a, b, scenario.options);
        if (!compared) continue;  // counted as no trial
        ++tally.trials;
        const long found = tally.found;
        const long false_alarms = tally.false_alarms;
        for (std::size_t i = 0; i < compared->rows.size(); ++i) {
            count(compared->rows[i], static_cast<int>(i) < scenario.changed, tally);
        }
        const long false_here = tally.false_alarms - false_alarms;
        const long all_here = tally.found - found + false_here;
        tally.with_false_alarm += false_here > 0;
        if (all_here > 0) tally.false_discoveries += static_cast<double>(false_here) / static_cast<double>(all_here);
    }
    return tally;
}

}  // namespace faultline::results
