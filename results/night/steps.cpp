#include "results/night/steps.h"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <map>
#include <optional>
#include <thread>
#include <utility>

#include "results/statistics/statistics.h"

namespace faultline::results {
namespace {

std::optional<Step> newest_step(const NightSeries& series) {
    const std::vector<ChangePoint> points = change_points(series.medians, kStepOptions);
    if (points.empty() || !series.metric.has_direction()) return std::nullopt;
    const ChangePoint& point = points.back();
    return Step{.benchmark = series.benchmark,
                .metric = series.metric.name,
                .first_night = series.nights[point.index],
                .before = point.before,
                .after = point.after,
                .worse = (point.after > point.before) != (series.metric.direction == Direction::kHigher)};
}

bool same_series(const Step& a, const Step& b) { return a.benchmark == b.benchmark && a.metric == b.metric; }

/// Whether `step` goes on where `reported` ended, by enough to be told of: a step within a step.
bool goes_farther(const Step& step, const Step& reported) {
    const double size = reported.after - reported.before;
    const double farther = (step.after - reported.after) * (size < 0 ? -1 : 1);
    return farther > std::max(std::abs(size) / 2, 2 * kStepOptions.min_effect * std::abs(reported.after));
}

/// Whether the series has stepped the other way since, so that the same again is news.
bool was_undone(const Step& reported, const Step& step, const std::vector<Step>& all) {
    return std::any_of(all.begin(), all.end(), [&](const Step& other) {
        return same_series(other, step) && other.worse != step.worse && other.first_night > reported.first_night &&
               other.first_night <= step.first_night;
    });
}

}  // namespace

void NightHistory::add(NightId night, const SampleSet& set) {
    std::map<std::pair<std::string, std::string>, std::size_t> index;
    for (std::size_t i = 0; i < series_.size(); ++i) index[{series_[i].benchmark, series_[i].metric.name}] = i;
    for (const Series& measured : set.series) {
        std::vector<double> values;
        for (const Sample& sample : measured.samples) {
            if (std::isfinite(sample.value)) values.push_back(sample.value);
        }
        if (values.empty()) continue;
        const auto [it, is_new] = index.emplace(std::pair(measured.benchmark, measured.metric.name), series_.size());
        if (is_new) series_.push_back({measured.benchmark, measured.metric, {}, {}});
        NightSeries& series = series_[it->second];
        series.nights.push_back(night);
        series.medians.push_back(median_in_place(values));
    }
}

std::vector<Step> newest_steps(const NightHistory& history) {
    const std::vector<NightSeries>& series = history.series();
    std::vector<std::optional<Step>> steps(series.size());
    std::atomic<std::size_t> next = 0;
    const auto work = [&] {
        for (std::size_t i; (i = next.fetch_add(1)) < series.size();) steps[i] = newest_step(series[i]);
    };
    {
        std::vector<std::jthread> threads;
        for (unsigned t = 1; t < std::thread::hardware_concurrency(); ++t) threads.emplace_back(work);
        work();
    }  // all have ended
    std::vector<Step> found;
    for (std::optional<Step>& step : steps) {
        if (step) found.push_back(*std::move(step));
    }
    return found;
}

std::vector<Step> steps_of(const Comparison& comparison, NightId night) {
    std::vector<Step> steps;
    for (const ComparedMetric& row : comparison.rows) {
        if (row.verdict != Verdict::kBetter && row.verdict != Verdict::kWorse) continue;
        steps.push_back({.benchmark = row.benchmark,
                         .metric = row.metric.name,
                         .first_night = night,
                         .before = *row.median_a,
                         .after = *row.median_b,
                         .worse = row.verdict == Verdict::kWorse});
    }
    return steps;
}

std::vector<Step> unreported(const std::vector<Step>& found, std::vector<Step> reported,
                             std::span<const NightId> nights, std::size_t reach) {
    const auto place = [&](NightId night) { return std::lower_bound(nights.begin(), nights.end(), night); };
    const auto in_history = [&](NightId night) { return std::binary_search(nights.begin(), nights.end(), night); };
    // A store holds the nights of several devices; those of others say nothing here.
    std::erase_if(reported, [&](const Step& step) { return !in_history(step.first_night); });
    std::vector<Step> fresh;
    for (const Step& step : found) {
        const auto is_the_same = [&](const Step& known) {
            if (!same_series(known, step) || known.worse != step.worse) return false;
            const auto apart = std::abs(place(step.first_night) - place(known.first_night));
            return static_cast<std::size_t>(apart) <= reach && !was_undone(known, step, reported) &&
                   !goes_farther(step, known);
        };
        if (std::any_of(reported.begin(), reported.end(), is_the_same)) continue;
        reported.push_back(step);
        fresh.push_back(step);
    }
    return fresh;
}

}  // namespace faultline::results
