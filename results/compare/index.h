// Finds the series of a set by benchmark and metric.
//
// Thread safety: values. A SeriesIndex refers to its set, which has to outlive it.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "results/compare/stages.h"
#include "results/samples.h"

namespace faultline::results {

class SeriesIndex {
public:
    explicit SeriesIndex(const SampleSet& set);

    /// In the order of the set.
    const std::vector<std::string>& benchmarks() const { return benchmarks_; }
    /// Empty for a benchmark that the set does not have.
    const Metrics& metrics(const std::string& benchmark) const;

private:
    std::vector<std::string> benchmarks_;
    std::map<std::string, Metrics> metrics_;
};

/// Null where there is none.
const Series* find(const Metrics& metrics, const std::string& metric);

/// Those of `a`, then what only `b` has.
std::vector<std::string> benchmarks_of_both(const SeriesIndex& a, const SeriesIndex& b);

/// How many processes gave samples to both.
std::size_t shared_processes(const SampleSet& a, const SampleSet& b);

}  // namespace faultline::results
