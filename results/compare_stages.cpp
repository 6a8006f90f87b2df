#include "results/compare_stages.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <optional>
#include <tuple>
#include <utility>

#include "results/statistics.h"

namespace faultline::results {
namespace {

constexpr double kSignificant = 0.05;
/// Below this a fault's share of a counter in whole microseconds is rounding.
constexpr double kSmallestChangeUs = 0.01;

/// One repetition of one process.
using Place = std::tuple<std::string, std::string, int>;
using PerRepetition = std::map<Place, double>;

struct Stage {
    const char* name;
    std::vector<const char*> sums;      ///< counters over all sizes
    std::vector<const char*> per_size;  ///< where there is no such sum
};

const std::vector<Stage>& stages() {
    static const std::vector<Stage> kStages = {
        {"pagefault", {}, {"pagefault_us"}}, {"get_pages", {}, {"get_pages_us"}},
        {"migrate", {}, {"migrate_us"}},     {"copy", {"device_copy_us", "cpu_copy_us"}, {}},
        {"bind", {}, {"bind_us"}},           {"tlb_inval", {"tlb_inval_us"}, {}}};
    return kStages;
}

void add(const Metrics& metrics, const std::string& name, PerRepetition& total) {
    const auto it = metrics.find(name);
    if (it == metrics.end()) return;
    for (const Sample& sample : it->second->samples) {
        total[{sample.boot, sample.process, sample.repetition}] += sample.value;
    }
}

PerRepetition time_of(const Stage& stage, const Metrics& metrics) {
    PerRepetition total;
    for (const char* sum : stage.sums) add(metrics, std::string("gt.svm_") + sum, total);
    for (const char* counter : stage.per_size) {
        for (const char* size : {"4K_", "64K_", "2M_"}) add(metrics, std::string("gt.svm_") + size + counter, total);
    }
    return total;
}

/// Microseconds a fault, by process. A counter that stayed at zero is not reported, so that a stage which others have
/// and this does not took no time.
std::vector<double> per_fault(const Stage& stage, const Metrics& metrics) {
    PerRepetition faults;
    add(metrics, "gt.svm_pagefault_count", faults);
    const PerRepetition times = time_of(stage, metrics);
    std::map<std::string, std::vector<double>> processes;
    for (const auto& [place, count] : faults) {
        if (!(count > 0)) continue;
        const auto time = times.find(place);
        processes[std::get<1>(place)].push_back(time == times.end() ? 0 : time->second / count);
    }
    std::vector<double> medians;
    for (auto& [process, values] : processes) medians.push_back(median_in_place(values));
    return medians;
}

std::optional<StageMove> move_of(const Stage& stage, const Metrics& a, const Metrics& b, double min_effect) {
    std::vector<double> before = per_fault(stage, a);
    std::vector<double> after = per_fault(stage, b);
    if (before.empty() || after.empty() || rank_test(before, after) > kSignificant) return std::nullopt;
    const StageMove move = {stage.name, median_in_place(before), median_in_place(after)};
    const double smallest = std::max(kSmallestChangeUs, min_effect * move.before_us);
    return std::abs(move.change_us()) < smallest ? std::nullopt : std::optional(move);
}

}  // namespace

Stages moved_stages(const Metrics& a, const Metrics& b, double min_effect) {
    for (const Metrics* side : {&a, &b}) {
        if (per_fault(stages().front(), *side).empty()) return {{}, "no GT counters of faults to say why"};
    }
    Stages found;
    for (const Stage& stage : stages()) {
        if (const auto move = move_of(stage, a, b, min_effect)) found.moves.push_back(*move);
    }
    std::stable_sort(found.moves.begin(), found.moves.end(), [](const StageMove& x, const StageMove& y) {
        return std::abs(x.change_us()) > std::abs(y.change_us());
    });
    if (found.moves.empty()) found.reason = "no stage of the driver's fault handling moved";
    return found;
}

}  // namespace faultline::results
