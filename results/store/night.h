// What the store knows of a night of `faultline nightly`: several runs, taken one after the other and judged together.
//
// Thread safety: values.
#pragma once

#include <cstdint>
#include <string>

#include "results/benchmark_report.h"

namespace faultline::results {

/// Nights count up: a later one has a greater number. `night:N` names its runs (results/store/run_reference.h).
struct NightId {
    std::int64_t number = 0;
    friend auto operator<=>(NightId, NightId) = default;
};

enum class NightState {
    kRunning,    ///< under way, or its process was killed: it can be gone on with
    kComplete,   ///< judged
    kAbandoned,  ///< it ended so often before its time that it is not gone on with
};

struct NightInfo {
    NightId id;
    std::string started_utc;
    NightState state = NightState::kRunning;
    int resumes = 0;       ///< how often it was gone on with
    bool thinned = false;  ///< of the samples of its runs only medians are left
    Json request;          ///< what was asked for
    Json verdict;          ///< null until there is one
};

/// A benchmark's metric that is not what it was.
struct Step {
    std::string benchmark;
    std::string metric;
    NightId first_night;  ///< after the step
    double before = 0;    ///< medians, in the metric's unit
    double after = 0;
    bool worse = false;  ///< else it is for the better
};

}  // namespace faultline::results
