#include "results/compare/bisect.h"

#include <fmt/format.h>

#include <cmath>
#include <map>
#include <set>
#include <utility>
#include <vector>

namespace faultline::results {
namespace {

using Key = std::pair<std::string, std::string>;  // benchmark, metric

/// Those series of `set` whose benchmark `tried` has.
SampleSet only(const SampleSet& set, const SampleSet& tried) {
    std::set<std::string> benchmarks;
    for (const Series& series : tried.series) benchmarks.insert(series.benchmark);
    SampleSet kept{.label = set.label, .environment = set.environment, .series = {}};
    for (const Series& series : set.series) {
        if (benchmarks.contains(series.benchmark)) kept.series.push_back(series);
    }
    return kept;
}

std::map<Key, const ComparedMetric*> by_key(const Comparison& comparison) {
    std::map<Key, const ComparedMetric*> found;
    for (const ComparedMetric& row : comparison.rows) found.emplace(Key{row.benchmark, row.metric.name}, &row);
    return found;
}

/// By how far from good to bad it came, in factors: half way from 0.2 us to 70 us is 3.7 us, and what
/// makes 65 us is the change that made 70.
Side nearer(const ComparedMetric& regression, const ComparedMetric& from_good) {
    constexpr double kNear = 0.25;
    const double way = std::log(from_good.ratio()) / std::log(regression.ratio());
    if (way <= kNear) return Side::kGood;
    return way >= 1 - kNear ? Side::kBad : Side::kCannotTell;
}

Side side_of(const ComparedMetric& regression, const ComparedMetric& from_good, const ComparedMetric& from_bad) {
    const bool is_worse = from_good.verdict == Verdict::kWorse;
    const bool is_better = from_bad.verdict == Verdict::kBetter;
    if (is_worse && is_better) return nearer(regression, from_good);
    if (!is_worse && !is_better) return Side::kCannotTell;
    return is_worse ? Side::kBad : Side::kGood;
}

}  // namespace

Expected<Classified> classify(const SampleSet& good, const SampleSet& bad, const SampleSet& tried,
                              const CompareOptions& options) {
    const SampleSet of_good = only(good, tried);
    const SampleSet of_bad = only(bad, tried);
    FL_ASSIGN_OR_RETURN(const auto regression, compare(of_good, of_bad, options));
    FL_ASSIGN_OR_RETURN(const auto from_good, compare(of_good, tried, options));
    FL_ASSIGN_OR_RETURN(const auto from_bad, compare(of_bad, tried, options));

    const auto good_to_tried = by_key(from_good);
    const auto bad_to_tried = by_key(from_bad);
    std::map<Side, std::vector<std::string>> sides;
    for (const auto& [key, row] : by_key(regression)) {
        if (row->verdict != Verdict::kWorse) continue;
        const auto from_a = good_to_tried.find(key);
        const auto from_b = bad_to_tried.find(key);
        const bool is_there = from_a != good_to_tried.end() && from_b != bad_to_tried.end();
        const Side side = is_there ? side_of(*row, *from_a->second, *from_b->second) : Side::kCannotTell;
        sides[side].push_back(key.first + " " + key.second);
    }
    if (sides.empty()) {
        const std::size_t unknown = regression.unknown_changes();
        return Error{ErrorKind::kBadInput,
                     fmt::format("nothing that was measured is worse in {} than in {}{}", bad.label, good.label,
                                 unknown == 0 ? ""
                                              : fmt::format("; of {} that changed nobody said which way is better: "
                                                            "--higher-is-better or --lower-is-better NAME",
                                                            unknown))};
    }
    const std::vector<std::string>& says_good = sides[Side::kGood];
    const std::vector<std::string>& says_bad = sides[Side::kBad];
    if (!says_good.empty() && !says_bad.empty()) {
        return Classified{Side::kCannotTell, fmt::format("{} is good and {} is bad", says_good[0], says_bad[0])};
    }
    if (!says_good.empty()) return Classified{Side::kGood, fmt::format("good by {}", fmt::join(says_good, ", "))};
    if (!says_bad.empty()) return Classified{Side::kBad, fmt::format("bad by {}", fmt::join(says_bad, ", "))};
    return Classified{Side::kCannotTell,
                      fmt::format("neither as good nor as bad: {}", fmt::join(sides[Side::kCannotTell], ", "))};
}

}  // namespace faultline::results
