#include "results/night/verdict.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace faultline::results {
namespace {

constexpr std::array kOutcomes = {"nothing worse", "worse", "cannot tell"};

bool is_worse(const NightComparison& made) {
    return made.comparison && outcome_of(*made.comparison) == Outcome::kRegression;
}

std::string percent_of(double before, double after) {
    return before == 0 ? "from 0" : fmt::format("{:+.1f} %", (after / before - 1) * 100);
}

std::size_t worse_steps(const NightVerdict& verdict) {
    return static_cast<std::size_t>(
        std::count_if(verdict.steps.begin(), verdict.steps.end(), [](const Step& step) { return step.worse; }));
}

/// Why a comparison that was to be made says nothing; empty when it says something.
std::string silence_of(const NightComparison& made) {
    if (!made.comparison) return fmt::format("not compared with {}: {}", made.with, made.obstacle);
    if (outcome_of(*made.comparison) != Outcome::kCannotTell) return {};
    const std::size_t missing = made.comparison->count(Verdict::kUncompared);
    if (missing > 0) return fmt::format("{} of the comparison with {} could not be made", missing, made.with);
    return fmt::format("the comparison with {} tells nothing", made.with);
}

Json to_json(const Step& step) {
    return {{"benchmark", step.benchmark}, {"metric", step.metric}, {"first_night", step.first_night.number},
            {"before", step.before},       {"after", step.after},   {"worse", step.worse}};
}

Json to_json(const NightComparison& made) {
    Json json = {{"with", made.with}};
    if (!made.comparison) {
        json["obstacle"] = made.obstacle;
        return json;
    }
    const Comparison& comparison = *made.comparison;
    json["worse"] = comparison.count(Verdict::kWorse);
    json["better"] = comparison.count(Verdict::kBetter);
    json["same"] = comparison.count(Verdict::kSame);
    json["unclear"] = comparison.count(Verdict::kUnclear);
    json["uncompared"] = comparison.count(Verdict::kUncompared);
    json["differences"] = comparison.differences;
    json["changed"] = Json::array();
    for (const ComparedMetric& row : comparison.rows) {
        if (row.verdict != Verdict::kBetter && row.verdict != Verdict::kWorse) continue;
        json["changed"].push_back({{"benchmark", row.benchmark},
                                   {"metric", row.metric.name},
                                   {"verdict", to_string(row.verdict)},
                                   {"before", *row.median_a},
                                   {"after", *row.median_b}});
    }
    return json;
}

std::string line_of(const Step& step) {
    return fmt::format("  {} {}: {} since night {} ({})\n", step.benchmark, step.metric,
                       percent_of(step.before, step.after), step.first_night.number, step.worse ? "worse" : "better");
}

std::string lines_of(const NightComparison& made) {
    if (!made.comparison) return fmt::format("against {}: {}\n", made.with, made.obstacle);
    const Comparison& c = *made.comparison;
    return fmt::format("against {}: {} worse, {} better, {} same, {} unclear\n", made.with, c.count(Verdict::kWorse),
                       c.count(Verdict::kBetter), c.count(Verdict::kSame),
                       c.count(Verdict::kUnclear) + c.count(Verdict::kUncompared));
}

}  // namespace

NightOutcome outcome_of(const NightVerdict& verdict) {
    if (worse_steps(verdict) > 0 || (verdict.baseline && is_worse(*verdict.baseline))) return NightOutcome::kWorse;
    const bool silent =
        !silence_of(verdict.recent).empty() || (verdict.baseline && !silence_of(*verdict.baseline).empty());
    return silent || !verdict.failures.empty() ? NightOutcome::kCannotTell : NightOutcome::kNothingWorse;
}

std::vector<std::string> reasons_of(const NightVerdict& verdict) {
    std::vector<std::string> reasons;
    if (verdict.baseline && is_worse(*verdict.baseline)) {
        reasons.push_back(fmt::format("{} worse than {}", verdict.baseline->comparison->count(Verdict::kWorse),
                                      verdict.baseline->with));
    }
    if (const std::size_t steps = worse_steps(verdict); steps > 0) {
        reasons.push_back(fmt::format("{} new for the worse", steps == 1 ? "1 step" : fmt::format("{} steps", steps)));
    }
    for (const std::string& failure : verdict.failures) reasons.push_back(failure);
    if (verdict.baseline) reasons.push_back(silence_of(*verdict.baseline));
    reasons.push_back(silence_of(verdict.recent));
    std::erase(reasons, "");
    return reasons;
}

Json to_json(const NightVerdict& verdict) {
    const NightOutcome outcome = outcome_of(verdict);
    Json json = {{"faultline_nightly", 1},
                 {"night", verdict.night.number},
                 {"started_utc", verdict.started_utc},
                 {"outcome", kOutcomes[static_cast<std::size_t>(outcome)]},
                 {"exit_status", static_cast<int>(outcome)},
                 {"reasons", reasons_of(verdict)},
                 {"runs", verdict.runs},
                 {"device", verdict.device},
                 {"policy", verdict.policy},
                 {"model", verdict.model},
                 {"kernel", verdict.kernel},
                 {"failures", verdict.failures},
                 {"baseline", nullptr},
                 {"recent", to_json(verdict.recent)},
                 {"steps", Json::array()},
                 {"report", verdict.report}};
    if (verdict.baseline) json["baseline"] = to_json(*verdict.baseline);
    for (const Step& step : verdict.steps) json["steps"].push_back(to_json(step));
    return json;
}

std::string to_text(const NightVerdict& verdict) {
    std::string text =
        fmt::format("night {}: {}\n", verdict.night.number, kOutcomes[static_cast<std::size_t>(outcome_of(verdict))]);
    for (const std::string& reason : reasons_of(verdict)) text += fmt::format("  {}\n", reason);
    if (verdict.baseline) text += lines_of(*verdict.baseline);
    text += lines_of(verdict.recent);
    if (!verdict.steps.empty()) text += "steps:\n";
    for (const Step& step : verdict.steps) text += line_of(step);
    return text;
}

}  // namespace faultline::results
