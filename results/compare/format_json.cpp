// For programs. docs/statistics.md names the members.
#include <nlohmann/json.hpp>

#include "results/benchmark_report.h"
#include "results/compare/format.h"

namespace faultline::results {
namespace {

std::string dump(const Json& json) { return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n"; }

std::string name_of(Outcome outcome) {
    switch (outcome) {
        case Outcome::kNoRegression:
            return "no regression";
        case Outcome::kRegression:
            return "regression";
        case Outcome::kCannotTell:
            break;
    }
    return "cannot tell";
}

Json to_json(const Difference& d) {
    return {{"ratio_low", d.ratio_low},
            {"ratio_high", d.ratio_high},
            {"p_value", d.p_value},
            {"false_discovery_rate", d.discovery_rate},
            {"noise_floor", d.noise_floor},
            {"unit", d.unit == Unit::kBoot ? "boot" : "process"},
            {"units_a", d.units_a},
            {"units_b", d.units_b},
            {"boots_a", d.boots_a},
            {"boots_b", d.boots_b},
            {"allows_for_boots", d.allows_for_boots}};
}

Json to_json(const ComparedMetric& row) {
    Json json = {{"benchmark", row.benchmark},        {"metric", row.metric.name},
                 {"unit", row.metric.unit},           {"direction", to_string(row.metric.direction)},
                 {"verdict", to_string(row.verdict)}, {"compared", row.verdict != Verdict::kUncompared}};
    if (!row.reason.empty()) json["reason"] = row.reason;
    if (row.median_a) json["median_a"] = *row.median_a;
    if (row.median_b) json["median_b"] = *row.median_b;
    if (row.median_a && row.median_b) json["ratio"] = row.ratio();
    if (row.difference) json["difference"] = to_json(*row.difference);
    if (const auto& faults = row.stages.faults)
        json["faults"] = {{"before_per_iteration", faults->before}, {"after_per_iteration", faults->after}};
    for (const StageMove& move : row.stages.moves) {
        json["stages"].push_back(
            {{"stage", move.stage}, {"before_us_per_fault", move.before_us}, {"after_us_per_fault", move.after_us}});
    }
    if (!row.stages.reason.empty()) json["no_stages"] = row.stages.reason;
    return json;
}

}  // namespace

std::string json_text(const Comparison& comparison) {
    Json rows = Json::array();
    for (const ComparedMetric& row : comparison.rows) rows.push_back(to_json(row));
    const auto count = [&](Verdict verdict) { return comparison.count(verdict); };
    return dump({{"a", comparison.label_a},
                 {"b", comparison.label_b},
                 {"outcome", name_of(outcome_of(comparison))},
                 {"better", count(Verdict::kBetter)},
                 {"worse", count(Verdict::kWorse)},
                 {"same", count(Verdict::kSame)},
                 {"changed", count(Verdict::kChanged)},
                 {"unclear", count(Verdict::kUnclear) + count(Verdict::kUncompared)},
                 {"not_compared", count(Verdict::kUncompared)},
                 {"min_effect", comparison.options.min_effect},
                 {"confidence", comparison.options.confidence},
                 {"false_discovery_rate", comparison.options.false_discovery_rate},
                 {"differences", comparison.differences},
                 {"notes", comparison.notes},
                 {"rows", rows}});
}

std::string json_text(const ShapeComparison& comparison) {
    Json rows = Json::array();
    for (const ShapeRow& row : comparison.rows) {
        rows.push_back({{"benchmark", row.benchmark},
                        {"baseline", row.baseline},
                        {"shape_a", row.shape_a},
                        {"shape_b", row.shape_b},
                        {"ratio_low", row.ratio_low},
                        {"ratio_high", row.ratio_high}});
    }
    return dump({{"a", comparison.label_a},
                 {"b", comparison.label_b},
                 {"outcome", "shapes only"},
                 {"device_a", comparison.device_a},
                 {"device_b", comparison.device_b},
                 {"metric", comparison.metric},
                 {"rows", rows},
                 {"missing", comparison.missing}});
}

}  // namespace faultline::results
