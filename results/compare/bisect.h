// On which side of a regression a set of samples lies.
//
// What tells the sides apart is what compare() calls worse between good and bad. By each of those, the tried set is bad
// when it is worse than good and not better than bad, and good when it is better than bad and not worse than good.
// Between both it goes with the one that it is three times as near to, in factors: a second change that costs little
// does not hide the first. Otherwise it cannot be told. Benchmarks that disagree make it untold too: a wrong answer
// sends a bisection astray, a skipped commit costs it a step. Thread safety: pure functions.
#pragma once

#include <string>

#include "base/expected.h"
#include "results/compare/compare.h"
#include "results/samples.h"

namespace faultline::results {

enum class Side { kGood, kBad, kCannotTell };

struct Classified {
    Side side = Side::kCannotTell;
    std::string reason;  ///< one line, for a log
};

/// By the benchmarks that `tried` has. Error: kBadInput, when nothing is worse in `bad` than in `good`, or the sets are
/// not comparable.
Expected<Classified> classify(const SampleSet& good, const SampleSet& bad, const SampleSet& tried,
                              const CompareOptions& options);

}  // namespace faultline::results
