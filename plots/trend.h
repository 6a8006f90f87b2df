// A benchmark's history: the median of each run, how sure it is, and where it stepped.
//
// Thread safety: values; a pure function.
#pragma once

#include <string>
#include <vector>

#include "plots/run_data.h"
#include "plots/spread.h"
#include "results/statistics/change_point.h"

namespace faultline::plots {

struct Night {
    std::string started_utc;
    double median;      ///< of the time of an iteration, ns
    Interval interval;  ///< in which the run's median lies (median_interval)
    std::size_t count;  ///< repetitions
};

struct Trend {
    std::vector<Night> nights;                ///< oldest first
    std::vector<results::ChangePoint> steps;  ///< their indices are of `nights`
};

/// Of the runs that measured it.
Trend trend_of(const RunSet& set, const std::string& benchmark);

}  // namespace faultline::plots
