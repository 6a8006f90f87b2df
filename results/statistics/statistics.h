// What can be said about two sets of nested samples: how far apart they are, how sure that is, and how far apart a set
// is from itself.
//
// Everything works on logarithms, so that a difference is a ratio and slow and fast are treated alike. Samples are
// nested: a boot holds processes, a process holds repetitions, and those that share a boot or a process resemble each
// other; taking them for independent is how benchmarks come to raise false alarms. docs/statistics.md says how well
// this works. Thread safety: values and pure functions; randomness comes from the caller.
#pragma once

#include <cstdint>
#include <optional>
#include <random>
#include <span>
#include <vector>

#include "results/samples.h"

namespace faultline::results {

using Random = std::mt19937_64;

/// A uniform index below `count`.
inline std::size_t draw_index(Random& random, std::size_t count) {
    return static_cast<std::size_t>(((random() >> 32) * count) >> 32);
}

/// The middle value, or the mean of the two middle ones. Reorders `values`. REQUIRES: not empty.
double median_in_place(std::span<double> values);

/// The logarithms of one series, by boot and process.
class Nested {
public:
    /// Nothing where a value is not positive and finite: it has no logarithm. REQUIRES: not empty.
    static std::optional<Nested> of(const std::vector<Sample>& samples);

    std::size_t boots() const { return boot_ends_.size(); }
    std::size_t processes() const { return process_ends_.size(); }
    std::size_t repetitions() const { return logs_.size(); }

    /// Of each boot, or process, the median of what it holds.
    std::vector<double> boot_medians() const;
    std::vector<double> process_medians() const;

    /// The median over boots of the median over processes of the median over repetitions.
    double median() const;
    /// The same of a set drawn with replacement from this one, on each level.
    double resampled_median(Random& random) const;

private:
    template <typename Pick>
    double boot_median(std::size_t boot, Pick pick) const;
    template <typename Pick>
    double median_over(Pick pick) const;

    std::vector<double> logs_;
    std::vector<std::size_t> process_ends_;  ///< index into logs_ after each process's last
    std::vector<std::size_t> boot_ends_;     ///< index into process_ends_ after each boot's last
};

struct Interval {
    double low;
    double high;
};

/// What holds the middle `confidence` of `values`. Reorders them. REQUIRES: not empty.
Interval middle_of(std::vector<double>& values, double confidence);

/// Confidence interval of b.median() - a.median(): hierarchical bootstrap, percentile method.
Interval bootstrap_difference(const Nested& a, const Nested& b, double confidence, int resamples, Random& random);

/// How far apart, in logarithm, one boot or two of A and the boots of B lie with probability `confidence` although
/// nothing changed, which the bootstrap cannot see: by the spread of the boots of whichever side has `enough` of them,
/// or else by `assumed`, the standard deviation among boots.
double boot_allowance(const Nested& a, const Nested& b, std::size_t enough, double assumed, double confidence);

/// Two-sided p value of the Mann-Whitney test: that `a` and `b` come from the same distribution. Exact, also with ties,
/// up to 30 values in all; beyond that by the normal approximation. REQUIRES: neither is empty.
double rank_test(std::span<const double> a, std::span<const double> b);

/// Benjamini-Hochberg: for each p value, the smallest false-discovery rate at which it would be a discovery.
std::vector<double> false_discovery_rates(const std::vector<double>& p_values);

/// How far apart, in logarithm, the medians of two samples of `size_a` and `size_b` units lie with probability
/// `confidence` although nothing changed: `units` are split into halves at random, again and again, and what the halves
/// differ by is scaled to these sizes. REQUIRES: at least 4 units.
double noise_floor(std::span<const double> units, std::size_t size_a, std::size_t size_b, double confidence, int splits,
                   Random& random);

}  // namespace faultline::results
