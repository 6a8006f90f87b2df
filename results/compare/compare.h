// What changed between two sets of runs.
//
// compare() is a pure function: the same sets and options give the same answer, to the last digit. It compares each
// benchmark by its time and, where it has them, by the median and the tail of its latencies. A change is called better
// or worse only when all of these agree: the rank test over independent units, after control of the false-discovery
// rate over everything compared; the confidence interval of the ratio; the smallest effect that anybody asked about;
// and what A differs from itself by. "Same" is a finding too: the whole interval lies within that smallest effect.
// A metric that says how much was done, not how well, and one of which nobody knows which way is better, change and are
// called neither. Everything else is unclear, with the reason. docs/statistics.md has the rules and what they are
// worth. Thread safety: values and pure functions.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/expected.h"
#include "results/compare/stages.h"
#include "results/samples.h"

namespace faultline::results {

struct CompareOptions {
    double min_effect = 0.03;                       ///< of the ratio: 0.03 is 3 %
    std::vector<std::string> metrics;               ///< empty: default_metrics()
    std::map<std::string, Direction> directions{};  ///< of metrics by name, in place of what the vocabulary says
    bool force = false;                             ///< compare what is not comparable, and say so in the notes
    double boot_noise = 0.025;  ///< assumed standard deviation among boots, where too few were measured
    double false_discovery_rate = 0.05;
    double confidence = 0.95;
    int resamples = 1000;
};

/// real_time, latency_p50_ns, latency_p99_ns.
const std::vector<std::string>& default_metrics();

/// The fewest boots, or processes, on each side that a verdict is based on.
inline constexpr std::size_t kEnoughUnits = 5;
/// The fewest boots on each side that show by themselves how boots differ.
inline constexpr std::size_t kTellingBoots = 3;

enum class Verdict {
    kBetter,
    kWorse,
    kSame,
    kChanged,     ///< as surely as those, but of a metric that has no good direction, or none that is known
    kUnclear,     ///< compared, but the samples do not tell
    kUncompared,  ///< no comparison could be made: something is missing
};
/// kUncompared is "unclear" to people: the reason says the rest.
std::string to_string(Verdict verdict);

/// What the rank test takes for independent.
enum class Unit { kBoot, kProcess };

/// How sure the ratio B / A is.
struct Difference {
    double ratio_low;  ///< of the confidence interval
    double ratio_high;
    double p_value;         ///< of the rank test
    double discovery_rate;  ///< the same by the Benjamini-Hochberg procedure, over everything compared
    double noise_floor;     ///< as a ratio - 1: what A differs from itself by
    Unit unit;
    std::size_t units_a;
    std::size_t units_b;
    std::size_t boots_a;
    std::size_t boots_b;
    /// Too few boots to see what a boot does: interval and floor were widened by an allowance for it.
    bool allows_for_boots;
};

struct ComparedMetric {
    std::string benchmark;
    Metric metric;
    Verdict verdict = Verdict::kUncompared;
    std::string reason;              ///< of an unclear verdict and of "changed"; otherwise empty
    std::optional<double> median_a;  ///< in the metric's unit; none where A lacks it
    std::optional<double> median_b;
    std::optional<Difference> difference;  ///< none when no comparison could be made
    Stages stages;                         ///< of better and worse: which stage of a fault moved

    /// B / A. REQUIRES: both medians.
    double ratio() const { return *median_b / *median_a; }
};

struct Comparison {
    std::string label_a;
    std::string label_b;
    CompareOptions options;
    std::vector<std::string> differences;  ///< of the environments: "kernel 6.18 -> 6.19"
    std::vector<std::string> notes;        ///< what a reader has to know to trust the rest
    std::vector<ComparedMetric> rows;      ///< in the order of A, then what only B has

    std::size_t count(Verdict verdict) const;
    /// Of those that changed, the ones whose direction is not known.
    std::size_t unknown_changes() const;
};

/// A row for each benchmark and metric that either side has. Error: kBadInput, when the sets are not comparable
/// (results/compare/environment.h) and asked.force is not set, or neither has any of the metrics.
Expected<Comparison> compare(const SampleSet& a, const SampleSet& b, const CompareOptions& asked);

/// What a gate makes of it.
enum class Outcome {
    kNoRegression,  ///< everything was compared, and nothing is worse
    kRegression,    ///< something is worse
    kCannotTell,    ///< nothing is worse, but something could not be compared, or changed in a direction that nobody
                    ///< knows to be good or bad, or nothing could be told
};
Outcome outcome_of(const Comparison& comparison);

}  // namespace faultline::results
