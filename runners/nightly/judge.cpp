#include "runners/nightly/judge.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <iterator>
#include <map>
#include <span>

#include "results/night/steps.h"
#include "results/store/sample_reader.h"

namespace faultline::runners {
namespace {

using results::Comparison;
using results::NightComparison;
using results::NightId;
using results::NightInfo;
using results::NightVerdict;
using results::RunInfo;
using results::SampleSet;
using results::Store;

constexpr std::size_t kHistory = 60;  // nights in which steps are looked for
// Tails are too unsteady for a history of single nights; a comparison looks at them.
constexpr std::array kStepMetrics = {"real_time", "latency_p50_ns"};

/// Stricter than those of `faultline compare`: this one is made every night of the year, and false alarms add up.
results::CompareOptions recent_options() {
    results::CompareOptions options;
    options.false_discovery_rate = 0.01;
    options.confidence = 0.99;
    return options;
}

/// Complete runs, newest first.
Expected<std::vector<RunInfo>> whole_runs(const Store& store, std::span<const NightId> nights) {
    std::vector<RunInfo> found;
    for (const NightId night : nights) {
        FL_ASSIGN_OR_RETURN(auto runs, store.runs_of(night));
        std::erase_if(runs, [](const RunInfo& run) { return run.state != results::RunState::kComplete; });
        found.insert(found.end(), runs.rbegin(), runs.rend());
    }
    return found;
}

NightComparison made(const std::string& with, const Expected<SampleSet>& before, const SampleSet& tonight,
                     const results::CompareOptions& options) {
    if (!before) return {.with = with, .comparison = {}, .obstacle = before.error().message};
    Expected<Comparison> comparison = results::compare(*before, tonight, options);
    if (!comparison) return {.with = with, .comparison = {}, .obstacle = comparison.error().message};
    return {.with = with, .comparison = *std::move(comparison), .obstacle = {}};
}

Expected<NightComparison> with_recent(const Store& store, std::span<const NightId> recent, const SampleSet& tonight) {
    if (recent.empty()) {
        return NightComparison{
            .with = "earlier nights", .comparison = {}, .obstacle = "there is none on this device, policy and model"};
    }
    const std::string name =
        recent.size() == 1 ? std::string("the night before") : fmt::format("the {} nights before", recent.size());
    FL_ASSIGN_OR_RETURN(const auto runs, whole_runs(store, recent));
    return made(name, results::samples_of_runs(store, name, runs), tonight, recent_options());
}

/// "fault/order: crashed in 2 runs: killed by signal 11 (Segmentation fault)"
Expected<std::vector<std::string>> failures_of(const Store& store, const std::vector<RunInfo>& runs) {
    std::map<std::string, std::pair<int, std::string>> families;
    for (const RunInfo& run : runs) {
        FL_ASSIGN_OR_RETURN(const auto processes, store.processes_of(run.id));
        for (const results::StoredProcess& process : processes) {
            const results::FamilyRecord& family = process.family;
            if (family.state == "ok" || family.state == "interrupted") continue;
            auto& [count, detail] = families[fmt::format("{}: {}", family.family, family.state)];
            ++count;
            detail = family.detail;
        }
    }
    std::vector<std::string> lines;
    for (const auto& [what, times] : families) {
        lines.push_back(fmt::format("{} in {}: {}", what,
                                    times.first == 1 ? "1 run" : fmt::format("{} runs", times.first), times.second));
    }
    const bool same_kernel =
        std::all_of(runs.begin(), runs.end(), [&](const RunInfo& run) { return run.kernel == runs.front().kernel; });
    if (!same_kernel) lines.emplace_back("its runs are of different kernels");
    return lines;
}

/// `nights` oldest first, tonight the last of them.
Expected<std::vector<results::Step>> steps_in(const Store& store, std::span<const NightId> nights) {
    results::NightHistory history;
    for (const NightId night : nights) {
        FL_ASSIGN_OR_RETURN(const auto runs, whole_runs(store, std::span(&night, 1)));
        for (const char* metric : kStepMetrics) {
            FL_ASSIGN_OR_RETURN(const auto set,
                                results::samples_of_runs(store, "", runs, {.benchmark = "", .metric = metric}));
            history.add(night, set);
        }
    }
    return newest_steps(history);
}

}  // namespace

Expected<std::vector<NightId>> nights_before(const Store& store, const NightInfo& night) {
    FL_ASSIGN_OR_RETURN(const auto all, store.nights());
    FL_ASSIGN_OR_RETURN(const auto runs, store.runs_of(night.id));
    std::vector<NightId> found;
    if (runs.empty()) return found;
    const RunInfo& own = runs.front();
    for (const NightInfo& other : all) {
        if (other.id >= night.id || other.state != results::NightState::kComplete) continue;
        FL_ASSIGN_OR_RETURN(const auto theirs, store.runs_of(other.id));
        const bool same = !theirs.empty() && theirs.front().device == own.device &&
                          theirs.front().policy == own.policy && theirs.front().model == own.model &&
                          theirs.front().suite == own.suite;
        if (same) found.push_back(other.id);
        if (found.size() == kHistory) break;
    }
    return found;
}

Expected<NightVerdict> judge_night(const Store& store, const NightInfo& night, const JudgeOptions& options) {
    NightVerdict verdict;
    verdict.night = night.id;
    verdict.started_utc = night.started_utc;
    FL_ASSIGN_OR_RETURN(const auto runs, whole_runs(store, std::span(&night.id, 1)));
    if (runs.empty()) return Error{ErrorKind::kInternal, "a night without a complete run is judged"};
    const RunInfo& newest = runs.front();
    verdict.device = newest.device;
    verdict.policy = newest.policy;
    verdict.model = newest.model;
    verdict.kernel = newest.kernel;
    for (const RunInfo& run : runs) verdict.runs.push_back(run.uid);
    FL_ASSIGN_OR_RETURN(auto failures, failures_of(store, runs));
    verdict.failures = std::move(failures);

    FL_ASSIGN_OR_RETURN(const auto before, nights_before(store, night));
    FL_ASSIGN_OR_RETURN(const auto tonight, results::samples_of_runs(store, "this night", runs));
    if (!options.baseline.empty()) {
        verdict.baseline = made(options.baseline, results::samples_of(store, options.baseline), tonight, {});
    }
    const std::size_t recent_count = std::min<std::size_t>(options.nights, before.size());
    FL_ASSIGN_OR_RETURN(auto recent, with_recent(store, std::span(before).first(recent_count), tonight));
    verdict.recent = std::move(recent);

    std::vector<NightId> history(before.rbegin(), before.rend());
    history.push_back(night.id);
    FL_ASSIGN_OR_RETURN(auto found, steps_in(store, history));
    if (verdict.recent.comparison)
        std::ranges::move(steps_of(*verdict.recent.comparison, night.id), std::back_inserter(found));
    FL_ASSIGN_OR_RETURN(const auto reported, store.steps());
    verdict.steps =
        unreported(found, reported, history, std::max<std::size_t>(options.nights, results::kStepOptions.shortest));
    return verdict;
}

}  // namespace faultline::runners
