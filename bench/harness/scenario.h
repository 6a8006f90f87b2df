// How a benchmark of bench/ is registered, repeated and reported; its own file says what an iteration does.
//
// Counters of every benchmark: latency_{min,p50,p90,p99,p999,max}_ns and latency_samples where it takes latencies (of
// all iterations; each goes to the side file too), bytes_per_second where it moves bytes, and, where it reads the GT
// counters, faults (svm_pagefault_count, mean of an iteration), faults_per_second, and gt.<counter>, the mean of an
// iteration, for each that moved; stage.<name>_us says where the time of a fault went (bench/harness/stages.h), or, of
// a benchmark that counts ranges (mean of an iteration), the time of a range. Counters that a kernel does not have are
// absent. A failure of any kind ends the run with SkipWithError and says why; so does what cannot run on the device,
// which is no failure (vocabulary/skip.h).
//
// Thread safety: registration and runs from the main thread.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/expected.h"
#include "device/family.h"
#include "device/gt_counters.h"

namespace faultline::bench {

/// What one iteration yields.
struct Sample {
    double seconds = 0;                                     ///< of what was measured, and of nothing else
    Bytes bytes;                                            ///< moved in that time; 0: not what it is about
    device::GtCounters moved;                               ///< empty: not read
    std::optional<std::uint64_t> ranges{};                  ///< moved without GPU faults; empty: faults do it
    std::vector<std::uint64_t> latencies_ns;                ///< what one of them is, the benchmark's file says
    std::vector<std::pair<std::string, double>> figures{};  ///< further counters; the mean of all iterations is shown
};

/// A benchmark under way: what it needs on the device is made before the first iteration and goes after the last.
class Scenario {
public:
    virtual ~Scenario() = default;
    virtual Expected<Sample> iterate() = 0;
};

using OpenScenario = std::function<Expected<std::unique_ptr<Scenario>>(device::Session&)>;

struct ScenarioPlan {
    BenchmarkName name;
    std::string note{};  ///< for the label: "thp=small"
    OpenScenario open{};
    /// Fixed where an iteration's preparation takes much longer than what it measures, so that the time a benchmark
    /// takes is known. 0: as --benchmark_min_time has it.
    std::int64_t iterations = 0;
};

/// Registers the benchmark. Nothing is made on the device until it runs.
void register_scenario(device::Registration& registration, ScenarioPlan plan);

}  // namespace faultline::bench
