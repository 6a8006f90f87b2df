// Whether a benchmark got better or worse from one set of runs to another.
//
// Compared is the time of an iteration, since an iteration is the same work on both sides; a fault rate is not, where
// one side's faults map more than the other's. Not a statistical test: medians, and whether the repetitions of both
// sides overlap. Charts and reports ask this one function, with everything at once, as a rule over all benchmarks needs
// it. Thread safety: pure functions.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "plots/run_data.h"

namespace faultline::plots {

enum class Verdict { kWorse, kBetter, kUnclear };

struct Judged {
    Verdict verdict = Verdict::kUnclear;
    double gain = 1;       ///< how many times as good the second is, by medians: 2 is half the time
    double gain_low = 1;   ///< the same of the second's worst against the first's best
    double gain_high = 1;  ///< and of the second's best against the first's worst
};

inline const std::string kCompared = "real_time";

inline constexpr std::string_view kVerdictRule =
    "worse or better: medians differ by 5 % or more, and no repetition of one side lies among those of the other; all "
    "else could not be told. This is no statistical test.";

/// Of every benchmark that both sides measured.
std::map<std::string, Judged> verdicts(const RunSet& before, const RunSet& after);

}  // namespace faultline::plots
