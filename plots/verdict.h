// Whether a benchmark got better or worse from one set of runs to another: what results/compare/compare.h says, by
// benchmark.
//
// Everything is compared at once, since the rules hold over all benchmarks (docs/statistics.md). Charts and reports ask
// this one function. Thread safety: values and pure functions.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "plots/run_data.h"
#include "results/compare/compare.h"

namespace faultline::plots {

/// What charts and lists show a benchmark by: an iteration is the same work on both sides; a fault rate is not, where
/// one side's faults map more than the other's.
inline const std::string kCompared = "real_time";

struct Judged {
    std::vector<results::ComparedMetric> rows;  ///< one for each metric that was compared; never empty

    /// Worse if any metric is, else better if any is, else that of the first metric, which is the time.
    const results::ComparedMetric& decisive() const;
    results::Verdict verdict() const { return decisive().verdict; }
};

struct Verdicts {
    std::string refused;                       ///< why the sets cannot be compared; empty: they were
    std::vector<std::string> notes;            ///< what a reader has to know to trust the rest
    std::vector<std::string> differences;      ///< of the environments: "kernel: 6.18.0 -> 6.19.0"
    std::map<std::string, Judged> benchmarks;  ///< of every benchmark that either side measured
};

Verdicts verdicts(const RunSet& before, const RunSet& after);

/// How many times as good the second side is, by medians: 2 is half the time. REQUIRES: both medians, and a metric that
/// has a direction.
double gain_of(const results::ComparedMetric& row);

}  // namespace faultline::plots
