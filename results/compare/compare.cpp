#include "results/compare/compare.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <set>
#include <thread>
#include <tuple>
#include <utility>

#include "results/compare/environment.h"
#include "results/compare/index.h"
#include "results/statistics/statistics.h"

namespace faultline::results {
namespace {

/// Few enough that a floor is cheap, many enough for its 95th percentile.
constexpr int kSplits = 200;

/// A percentile beyond 90, or the largest: few samples decide it, so that it alone proves nothing.
bool is_tail(const std::string& metric) {
    return metric.find("_p9") != std::string::npos || metric.find("_max") != std::string::npos;
}

std::string percent(double ratio_less_one) { return fmt::format("{:.1f} %", ratio_less_one * 100); }

std::string counted(std::size_t count, const char* one, const char* many) {
    return fmt::format("{} {}", count, count == 1 ? one : many);
}

std::string extent_of(const Nested& side) {
    return fmt::format("{} of {}", counted(side.processes(), "process", "processes"),
                       counted(side.boots(), "boot", "boots"));
}

bool in_one_known_boot(const Series& a, const Series& b) {
    const std::string& boot = a.samples.front().boot;
    const auto is_there = [&](const Sample& sample) { return sample.boot == boot; };
    return !boot.empty() && std::all_of(a.samples.begin(), a.samples.end(), is_there) &&
           std::all_of(b.samples.begin(), b.samples.end(), is_there);
}

/// `distance` and what is independent of it.
double widened(double distance, double allowance) { return std::sqrt(distance * distance + allowance * allowance); }

/// All but the discovery rate, which takes the p values of all rows. Nothing when there are too few units.
std::optional<Difference> difference_of(const Nested& a, const Nested& b, bool same_boot, const CompareOptions& options,
                                        Random& random) {
    Difference difference{};
    if (std::min(a.boots(), b.boots()) >= kEnoughUnits) {
        difference.unit = Unit::kBoot;
    } else if (std::min(a.processes(), b.processes()) >= kEnoughUnits) {
        difference.unit = Unit::kProcess;
    } else {
        return std::nullopt;
    }
    const bool by_boot = difference.unit == Unit::kBoot;
    const std::vector<double> units_a = by_boot ? a.boot_medians() : a.process_medians();
    const std::vector<double> units_b = by_boot ? b.boot_medians() : b.process_medians();
    difference.units_a = units_a.size();
    difference.units_b = units_b.size();
    difference.p_value = rank_test(units_a, units_b);
    difference.boots_a = a.boots();
    difference.boots_b = b.boots();
    difference.allows_for_boots = !same_boot && std::min(a.boots(), b.boots()) < kTellingBoots;
    const double allowance =
        difference.allows_for_boots ? boot_allowance(a, b, kEnoughUnits, options.boot_noise, options.confidence) : 0;
    const double centre = b.median() - a.median();
    const Interval interval = bootstrap_difference(a, b, options.confidence, options.resamples, random);
    const double floor = noise_floor(units_a, units_a.size(), units_b.size(), options.confidence, kSplits, random);
    difference.ratio_low = std::exp(centre - widened(centre - interval.low, allowance));
    difference.ratio_high = std::exp(centre + widened(interval.high - centre, allowance));
    difference.noise_floor = std::exp(widened(floor, allowance)) - 1;
    return difference;
}

/// The same row draws the same numbers, whatever else is compared.
Random random_for(const std::string& benchmark, const std::string& metric) {
    std::uint64_t hash = 0xcbf29ce484222325;  // FNV-1a
    for (const std::string* text : {&benchmark, &metric}) {
        for (const char c : *text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3;
    }
    return Random(hash);
}

ComparedMetric row_of(const std::string& benchmark, const Metric& metric, const Series* a, const Series* b,
                      const CompareOptions& options) {
    ComparedMetric row;
    row.benchmark = benchmark;
    row.metric = metric;
    const std::optional<Nested> of_a = a != nullptr ? Nested::of(a->samples) : std::nullopt;
    const std::optional<Nested> of_b = b != nullptr ? Nested::of(b->samples) : std::nullopt;
    if (of_a) row.median_a = std::exp(of_a->median());
    if (of_b) row.median_b = std::exp(of_b->median());
    if (a == nullptr || b == nullptr) {
        row.reason = fmt::format("not in {}, or failed or skipped there", a == nullptr ? "A" : "B");
        return row;
    }
    if (!of_a || !of_b) {
        row.reason = fmt::format("{} has values that are not positive", !of_a ? "A" : "B");
        return row;
    }
    Random random = random_for(benchmark, metric.name);
    row.difference = difference_of(*of_a, *of_b, in_one_known_boot(*a, *b), options, random);
    if (row.difference) {
        row.verdict = Verdict::kUnclear;
    } else {
        row.reason = fmt::format("too few samples: {} against {}; {} processes a side are needed", extent_of(*of_a),
                                 extent_of(*of_b), kEnoughUnits);
    }
    return row;
}

void control_discoveries(std::vector<ComparedMetric>& rows) {
    std::vector<Difference*> compared;
    std::vector<double> p_values;
    for (ComparedMetric& row : rows) {
        if (!row.difference) continue;
        compared.push_back(&*row.difference);
        p_values.push_back(row.difference->p_value);
    }
    const std::vector<double> rates = false_discovery_rates(p_values);
    for (std::size_t i = 0; i < compared.size(); ++i) compared[i]->discovery_rate = rates[i];
}

/// What a change that is beyond doubt is called, and why where that is neither better nor worse.
std::pair<Verdict, std::string> verdict_on_change(const Metric& metric, double ratio) {
    switch (metric.direction) {
        case Direction::kHigher:
            return {ratio > 1 ? Verdict::kBetter : Verdict::kWorse, ""};
        case Direction::kLower:
            return {ratio < 1 ? Verdict::kBetter : Verdict::kWorse, ""};
        case Direction::kNeither:
            return {Verdict::kChanged, "says how much was done, not how well"};
        case Direction::kUnknown:
            break;
    }
    return {Verdict::kChanged, fmt::format("direction not known; --higher-is-better {0} or --lower-is-better {0} says "
                                           "which way is better",
                                           metric.name)};
}

/// REQUIRES: row.difference.
void judge(ComparedMetric& row, const CompareOptions& options) {
    const Difference& d = *row.difference;
    const double effect = std::max(row.ratio(), 1 / row.ratio()) - 1;
    const bool certain = d.ratio_low > 1 || d.ratio_high < 1;
    const bool discovered = d.discovery_rate <= options.false_discovery_rate;
    if (certain && discovered && effect >= options.min_effect && effect >= d.noise_floor) {
        std::tie(row.verdict, row.reason) = verdict_on_change(row.metric, row.ratio());
    } else if (std::max(d.ratio_high, 1 / d.ratio_low) < 1 + options.min_effect) {
        row.verdict = Verdict::kSame;
    } else if (!certain) {
        row.reason = "too noisy: no change and more than the minimum effect are both possible";
    } else if (!discovered) {
        row.reason = "may be chance: the rank test does not bear it out among so many comparisons";
    } else if (effect < options.min_effect) {
        row.reason = fmt::format("a change, but it may be below {}", percent(options.min_effect));
    } else {
        row.reason = "A differs as much from itself";
    }
}

/// Takes back what only a tail says.
void distrust_tails(std::vector<ComparedMetric>& rows) {
    std::set<std::pair<std::string, Verdict>> bodies;
    for (const ComparedMetric& row : rows) {
        if (!is_tail(row.metric.name)) bodies.emplace(row.benchmark, row.verdict);
    }
    for (ComparedMetric& row : rows) {
        const bool moved = row.verdict == Verdict::kBetter || row.verdict == Verdict::kWorse;
        if (!moved || !is_tail(row.metric.name) || bodies.contains({row.benchmark, row.verdict})) continue;
        row.reason = fmt::format("only the tail is {}", to_string(row.verdict));
        row.verdict = Verdict::kUnclear;
    }
}

/// What a row is made of. One side may lack its series.
struct Job {
    std::string benchmark;
    const Series* a;
    const Series* b;
};

std::vector<Job> jobs_of(const SeriesIndex& a, const SeriesIndex& b, const CompareOptions& options) {
    std::vector<Job> jobs;
    for (const std::string& benchmark : benchmarks_of_both(a, b)) {
        const Metrics& of_a = a.metrics(benchmark);
        const Metrics& of_b = b.metrics(benchmark);
        for (const std::string& metric : options.metrics) {
            const Job job{benchmark, find(of_a, metric), find(of_b, metric)};
            if (job.a == nullptr && job.b == nullptr) continue;
            jobs.push_back(job);
            if (of_a.empty() || of_b.empty()) break;  // one line says that the whole benchmark is missing
        }
    }
    return jobs;
}

/// On all processors: rows draw from random numbers of their own, so that their order does not matter.
std::vector<ComparedMetric> rows_of(const std::vector<Job>& jobs, const CompareOptions& options) {
    std::vector<ComparedMetric> rows(jobs.size());
    std::atomic<std::size_t> next = 0;
    const auto work = [&] {
        for (std::size_t i; (i = next.fetch_add(1)) < jobs.size();) {
            const Job& job = jobs[i];
            Metric metric = (job.a != nullptr ? job.a : job.b)->metric;
            const auto told = options.directions.find(metric.name);
            if (told != options.directions.end()) metric.direction = told->second;
            rows[i] = row_of(job.benchmark, metric, job.a, job.b, options);
        }
    };
    const std::size_t processors = std::max(1u, std::thread::hardware_concurrency());
    {
        std::vector<std::jthread> threads;
        for (std::size_t t = 1; t < std::min(processors, jobs.size()); ++t) threads.emplace_back(work);
        work();
    }  // all have ended
    return rows;
}

std::vector<std::string> notes_of(const SampleSet& a, const SampleSet& b, const std::vector<ComparedMetric>& rows,
                                  double boot_noise) {
    std::vector<std::string> notes;
    for (const std::string& obstacle : obstacles(a, b)) notes.push_back("not comparable, forced: " + obstacle);
    if (const std::size_t shared = shared_processes(a, b); shared > 0) {
        notes.push_back(fmt::format("{} in both A and B", counted(shared, "process is", "processes are")));
    }
    const auto allows = [](const ComparedMetric& row) { return row.difference && row.difference->allows_for_boots; };
    if (const auto row = std::find_if(rows.begin(), rows.end(), allows); row != rows.end()) {
        const bool measured = std::max(row->difference->boots_a, row->difference->boots_b) >= kEnoughUnits;
        notes.push_back(fmt::format(
            "{} against {}: allowing for boots that differ {}", counted(row->difference->boots_a, "boot", "boots"),
            counted(row->difference->boots_b, "boot", "boots"),
            measured ? "as those of the larger side do" : fmt::format("by {} (assumed)", percent(boot_noise))));
    }
    return notes;
}

}  // namespace

const std::vector<std::string>& default_metrics() {
    static const std::vector<std::string> kMetrics = {"real_time", "latency_p50_ns", "latency_p99_ns"};
    return kMetrics;
}

std::string to_string(Verdict verdict) {
    switch (verdict) {
        case Verdict::kBetter:
            return "better";
        case Verdict::kWorse:
            return "worse";
        case Verdict::kSame:
            return "same";
        case Verdict::kChanged:
            return "changed";
        case Verdict::kUnclear:
        case Verdict::kUncompared:
            break;
    }
    return "unclear";
}

std::size_t Comparison::count(Verdict verdict) const {
    return static_cast<std::size_t>(
        std::count_if(rows.begin(), rows.end(), [&](const ComparedMetric& row) { return row.verdict == verdict; }));
}

std::size_t Comparison::unknown_changes() const {
    return static_cast<std::size_t>(std::count_if(rows.begin(), rows.end(), [](const ComparedMetric& row) {
        return row.verdict == Verdict::kChanged && row.metric.direction == Direction::kUnknown;
    }));
}

Expected<Comparison> compare(const SampleSet& a, const SampleSet& b, const CompareOptions& asked) {
    const std::vector<std::string> reasons = obstacles(a, b);
    if (!reasons.empty() && !asked.force) {
        return Error{ErrorKind::kBadInput, fmt::format("{} and {} are not comparable ({}); --force compares them",
                                                       a.label, b.label, fmt::join(reasons, "; "))};
    }
    Comparison comparison;
    comparison.label_a = a.label;
    comparison.label_b = b.label;
    comparison.options = asked;
    CompareOptions& options = comparison.options;
    if (options.metrics.empty()) options.metrics = default_metrics();

    const SeriesIndex in_a(a);
    const SeriesIndex in_b(b);
    comparison.rows = rows_of(jobs_of(in_a, in_b, options), options);
    if (comparison.rows.empty()) {
        return Error{ErrorKind::kBadInput,
                     fmt::format("neither {} nor {} has {}", a.label, b.label, fmt::join(options.metrics, " or "))};
    }
    control_discoveries(comparison.rows);
    for (ComparedMetric& row : comparison.rows) {
        if (row.difference) judge(row, options);
    }
    distrust_tails(comparison.rows);
    for (ComparedMetric& row : comparison.rows) {
        if (row.verdict != Verdict::kBetter && row.verdict != Verdict::kWorse) continue;
        row.stages = moved_stages(in_a.metrics(row.benchmark), in_b.metrics(row.benchmark), options.min_effect);
    }
    comparison.differences = differences(a, b);
    comparison.notes = notes_of(a, b, comparison.rows, options.boot_noise);
    return comparison;
}

Outcome outcome_of(const Comparison& comparison) {
    if (comparison.count(Verdict::kWorse) > 0) return Outcome::kRegression;
    if (comparison.count(Verdict::kUncompared) > 0 || comparison.unknown_changes() > 0) return Outcome::kCannotTell;
    const std::size_t told =
        comparison.count(Verdict::kBetter) + comparison.count(Verdict::kSame) + comparison.count(Verdict::kChanged);
    return told == 0 ? Outcome::kCannotTell : Outcome::kNoRegression;
}

}  // namespace faultline::results
