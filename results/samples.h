// What statistics are taken of: the samples of each benchmark's metrics, nested as they were taken.
//
// A boot holds processes, a process holds repetitions; samples of one boot are not independent of each other. Thread
// safety: values.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "vocabulary/metrics.h"

namespace faultline::results {

struct Sample {
    std::string boot;     ///< boot id
    std::string process;  ///< unique within all sets
    int repetition;       ///< within the process
    double value;
};

struct Series {
    std::string benchmark;
    Metric metric;
    std::vector<Sample> samples;
};

struct SampleSet {
    std::string label;                               ///< for people: what the set was asked for by
    std::map<std::string, std::string> environment;  ///< keys as in the context of a report
    std::vector<Series> series;
};

}  // namespace faultline::results
