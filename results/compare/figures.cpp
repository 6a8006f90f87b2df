#include "results/compare/figures.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <utility>

namespace faultline::results {
namespace {

constexpr std::array kSections = {Verdict::kWorse, Verdict::kBetter, Verdict::kChanged, Verdict::kUnclear,
                                  Verdict::kSame};

/// Four significant digits of a value from 1 to 999.
std::string digits(double value) {
    const int decimals = std::abs(value) < 9.9995 ? 3 : std::abs(value) < 99.995 ? 2 : 1;
    return fmt::format("{:.{}f}", value, decimals);
}

std::string scaled(double value, double step, std::initializer_list<const char*> prefixes) {
    const char* prefix = *prefixes.begin();
    for (const char* next : prefixes) {
        prefix = next;
        if (std::abs(value) < 999.95 || next == *(prefixes.end() - 1)) break;
        value /= step;
    }
    return digits(value) + prefix;
}

std::string move_text(const StageMove& move) {
    return fmt::format("{} {:.2f} -> {:.2f} us ({:+.2f})", move.stage, move.before_us, move.after_us, move.change_us());
}

}  // namespace

std::string figure(double value, const std::string& unit) {
    if (unit == "ns") return scaled(value, 1000, {"ns", "us", "ms", "s"});
    if (unit == "us") return scaled(value, 1000, {"us", "ms", "s"});
    const std::string number = scaled(value, 1000, {"", "k", "M", "G", "T"});
    return unit == "1/s" ? number + "/s" : number + unit;
}

std::string change(double ratio) {
    return ratio < 9.95 ? fmt::format("{:+.1f}%", (ratio - 1) * 100) : fmt::format("x{:.3g}", ratio);
}

std::string interval(const ComparedMetric& row) {
    if (!row.difference) return "";
    return fmt::format("[{}, {}]", change(row.difference->ratio_low), change(row.difference->ratio_high));
}

std::string medians(const ComparedMetric& row) {
    const auto side = [&](const std::optional<double>& median) {
        return median ? figure(*median, row.metric.unit) : std::string("-");
    };
    return side(row.median_a) + " -> " + side(row.median_b);
}

std::string stages_text(const ComparedMetric& row) {
    if (!row.stages.reason.empty()) return row.stages.reason;
    std::string text;
    if (const auto& faults = row.stages.faults)
        text = fmt::format("faults an iteration: {:.4g} -> {:.4g}", faults->before, faults->after);
    for (const StageMove& move : row.stages.moves) {
        text += &move != &row.stages.moves.front() ? ", " : text.empty() ? "a fault: " : "; a fault: ";
        text += move_text(move);
    }
    return text;
}

std::string totals(const Comparison& comparison) {
    std::string text;
    for (const Verdict verdict : kSections) {
        std::size_t count = comparison.count(verdict);
        if (verdict == Verdict::kUnclear) count += comparison.count(Verdict::kUncompared);
        if (verdict == Verdict::kChanged && count == 0) continue;  // what is compared by itself has a direction
        text += fmt::format("{}{} {}", text.empty() ? "" : ", ", count, to_string(verdict));
    }
    return text;
}

std::string conclusion(const Comparison& comparison) {
    switch (outcome_of(comparison)) {
        case Outcome::kRegression:
            return "B is worse.";
        case Outcome::kNoRegression:
            return "No regression was found.";
        case Outcome::kCannotTell:
            break;
    }
    if (const std::size_t uncompared = comparison.count(Verdict::kUncompared); uncompared > 0)
        return fmt::format("Cannot tell: {} of {} could not be compared.", uncompared, comparison.rows.size());
    if (const std::size_t unknown = comparison.unknown_changes(); unknown > 0)
        return fmt::format("Cannot tell: of {} that changed, nobody said which way is better.", unknown);
    return "Cannot tell: the samples decide nothing.";
}

std::string method(const Comparison& comparison) {
    const CompareOptions& options = comparison.options;
    return fmt::format(
        "Ratios of medians with {:.0f} % intervals; minimum effect {:.3g} %, false-discovery rate {:.3g} %.",
        options.confidence * 100, options.min_effect * 100, options.false_discovery_rate * 100);
}

std::vector<Section> sections_of(const Comparison& comparison) {
    std::vector<Section> sections;
    for (const Verdict verdict : kSections) {
        Section section{verdict, {}};
        for (const ComparedMetric& row : comparison.rows) {
            const Verdict shown = row.verdict == Verdict::kUncompared ? Verdict::kUnclear : row.verdict;
            if (shown == verdict) section.rows.push_back(&row);
        }
        std::map<std::string, std::size_t> reasons;
        for (const ComparedMetric* row : section.rows) reasons.emplace(row->reason, reasons.size());
        std::stable_sort(section.rows.begin(), section.rows.end(),
                         [&](const ComparedMetric* x, const ComparedMetric* y) {
                             return reasons.at(x->reason) < reasons.at(y->reason);
                         });
        if (!section.rows.empty()) sections.push_back(std::move(section));
    }
    return sections;
}

}  // namespace faultline::results
