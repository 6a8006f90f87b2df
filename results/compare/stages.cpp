#include "results/compare/stages.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <string_view>
#include <tuple>
#include <utility>

#include "results/statistics/statistics.h"
#include "vocabulary/fault_stages.h"

namespace faultline::results {
namespace {

constexpr double kSignificant = 0.05;
/// Below this a fault's share of a counter in whole microseconds is rounding.
constexpr double kSmallestChangeUs = 0.01;

/// One repetition of one process.
using Place = std::tuple<std::string, std::string, int>;
using PerRepetition = std::map<Place, double>;

void add(const Metrics& metrics, const std::string& name, PerRepetition& total) {
    const auto it = metrics.find(name);
    if (it == metrics.end()) return;
    for (const Sample& sample : it->second->samples) {
        total[{sample.boot, sample.process, sample.repetition}] += sample.value;
    }
}

PerRepetition time_of(const FaultStage& stage, const Metrics& metrics) {
    PerRepetition total;
    for (const std::string_view counter : stage.counters()) add(metrics, std::string("gt.").append(counter), total);
    return total;
}

PerRepetition faults_of(const Metrics& metrics) {
    PerRepetition faults;
    add(metrics, "gt.svm_pagefault_count", faults);
    std::erase_if(faults, [](const auto& each) { return !(each.second > 0); });
    return faults;
}

/// The median of each process.
std::vector<double> by_process(const PerRepetition& values) {
    std::map<std::string, std::vector<double>> processes;
    for (const auto& [place, value] : values) processes[std::get<1>(place)].push_back(value);
    std::vector<double> medians;
    medians.reserve(processes.size());
    for (auto& [process, of_process] : processes) medians.push_back(median_in_place(of_process));
    return medians;
}

/// Microseconds a fault. A counter that stayed at zero is not reported, so that a stage which others have and this does
/// not took no time.
PerRepetition per_fault(const FaultStage& stage, const Metrics& metrics, const PerRepetition& faults) {
    const PerRepetition times = time_of(stage, metrics);
    PerRepetition shares;
    for (const auto& [place, count] : faults) {
        const auto time = times.find(place);
        shares[place] = time == times.end() ? 0 : time->second / count;
    }
    return shares;
}

/// Medians before and after; none where they did not move.
std::optional<std::pair<double, double>> moved(const PerRepetition& a, const PerRepetition& b, double min_effect,
                                               double smallest) {
    std::vector<double> before = by_process(a);
    std::vector<double> after = by_process(b);
    if (before.empty() || after.empty() || rank_test(before, after) > kSignificant) return std::nullopt;
    const std::pair medians(median_in_place(before), median_in_place(after));
    const double change = std::abs(medians.second - medians.first);
    return change < std::max(smallest, min_effect * medians.first) ? std::nullopt : std::optional(medians);
}

}  // namespace

Stages moved_stages(const Metrics& a, const Metrics& b, double min_effect) {
    const PerRepetition before = faults_of(a);
    const PerRepetition after = faults_of(b);
    if (before.empty() || after.empty()) return {{}, {}, "no GT counters of faults to say why"};
    Stages found;
    if (const auto faults = moved(before, after, min_effect, 0)) found.faults = {faults->first, faults->second};
    for (const FaultStage& stage : kFaultStages) {
        const auto move = moved(per_fault(stage, a, before), per_fault(stage, b, after), min_effect, kSmallestChangeUs);
        if (move) found.moves.push_back({std::string(stage.name), move->first, move->second});
    }
    std::stable_sort(found.moves.begin(), found.moves.end(), [](const StageMove& x, const StageMove& y) {
        return std::abs(x.change_us()) > std::abs(y.change_us());
    });
    if (found.moves.empty() && !found.faults)
        found.reason = "as many faults, and no stage of the driver's handling of them moved";
    return found;
}

}  // namespace faultline::results
