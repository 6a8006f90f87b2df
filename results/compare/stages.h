// Why a benchmark changed: how many faults it takes, and which stage of a fault's handling takes longer or shorter,
// from the driver's own counters.
//
// The stages are those of vocabulary/fault_stages.h, out of xe's debugfs `stats` and of the reference's, as
// gt.<counter>, and divided by the faults of the same repetition. Thread safety: pure functions.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "results/samples.h"

namespace faultline::results {

struct StageMove {
    std::string stage;  ///< a name of kFaultStages
    double before_us;   ///< a fault, the median of A
    double after_us;    ///< of B
    double change_us() const { return after_us - before_us; }
};

/// A benchmark's series by the name of their metric.
using Metrics = std::map<std::string, const Series*>;

/// Faults an iteration: with more of them the typical one may take less, and all of them longer.
struct FaultsMove {
    double before;
    double after;
};

struct Stages {
    std::optional<FaultsMove> faults;  ///< where their number moved
    std::vector<StageMove> moves;      ///< the largest move first
    std::string reason;                ///< why there are neither
};

/// What changed by at least `min_effect` of itself and by the rank test over processes at 5 %.
Stages moved_stages(const Metrics& a, const Metrics& b, double min_effect);

}  // namespace faultline::results
