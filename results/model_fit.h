// A device model out of a run: what the device seems to be, by what the suite measured on it.
//
// Every figure comes with its evidence, or with what the run lacks for it; a figure that cannot be told is left out of
// the model, never guessed. The driver's own work is taken off where the GT counters tell it, since a host that runs
// the model does that work again; what they do not tell (the way of an interrupt, a worker's wake-up) stays in the
// device's figure. docs/models.md says which benchmark tells what. Thread safety: values.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/expected.h"
#include "results/benchmark_report.h"

namespace faultline::results {

struct FittedFigure {
    std::optional<double> value{};
    std::string why{};  ///< where it comes from, or why there is none
};

struct FittedSpeed {
    FittedFigure gb_per_s;
    FittedFigure latency_us;
};

/// The way between two devices.
struct FittedLink {
    unsigned a = 0;
    unsigned b = 0;
    bool fast = false;                ///< one has reached the other's memory
    FittedSpeed speed;                ///< of both directions; where they differ, of bytes that go from a to b
    std::optional<FittedSpeed> back;  ///< of bytes that go from b to a, where that differs
};

struct ModelFit {
    std::string device;  ///< what was measured: its name, its policy and its model, where the run tells
    unsigned devices = 1;
    FittedFigure vram_mib;
    FittedFigure fault_report_us;
    FittedFigure tlb_invalidation_us;
    FittedFigure copy_gb_per_s;
    FittedFigure copy_latency_us;
    std::vector<FittedLink> links;  ///< of every pair that p2p benchmarks ran on
};

/// Error: kBadInput where nothing in the report tells a figure; `origin` names the report.
Expected<ModelFit> fit_model(const BenchmarkReport& report, const std::string& origin);

/// The model as TOML, a comment beside each figure and in place of each that is missing.
std::string to_toml(const ModelFit& fit, const std::string& origin);

}  // namespace faultline::results
