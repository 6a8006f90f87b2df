// Trials of compare() on simulated runs whose true change is known: how often it raises a false alarm, and how often it
// finds what is there.
//
// Noise is nested and has heavy tails: each boot, process and repetition is off by a factor whose logarithm follows
// Student's t with 3 degrees of freedom, and some repetitions are slowed down by up to several times. Thread safety:
// pure functions; the same seed gives the same trials.
#pragma once

#include <cstdint>

#include "results/compare/compare.h"
#include "results/samples.h"

namespace faultline::results {

struct Noise {
    double boot = 0.01;  ///< standard deviations of the logarithm
    double process = 0.01;
    double repetition = 0.02;
    double outliers = 0.02;  ///< the share of repetitions that something else slowed down
};

/// What is measured of each side.
struct Design {
    int boots_a = 10;
    int boots_b = 10;
    int processes = 1;  ///< in each boot
    int repetitions = 3;
    bool same_boot = false;  ///< one boot for both sides
};

struct Scenario {
    Design design;
    Noise noise;
    int benchmarks = 1;
    int changed = 0;    ///< how many of the benchmarks B slows down
    double effect = 0;  ///< 0.05: by 5 %
    CompareOptions options;
};

struct Tally {
    int trials = 0;
    int with_false_alarm = 0;      ///< trials in which an unchanged benchmark was called better or worse
    long unchanged = 0;            ///< benchmarks of all trials
    long false_alarms = 0;         ///< of those, called better or worse
    long unchanged_same = 0;       ///< of those, called same
    long changed = 0;              ///< benchmarks of all trials
    long found = 0;                ///< of those, called worse
    long called_same = 0;          ///< of those
    long called_better = 0;        ///< of those
    double false_discoveries = 0;  ///< the share of false ones among better and worse, summed over trials
};

Tally simulate(const Scenario& scenario, int trials, std::uint64_t seed);

}  // namespace faultline::results
