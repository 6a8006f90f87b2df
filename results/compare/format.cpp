// For a terminal, and shapes.
#include "results/compare/format.h"

#include <fmt/format.h>

#include <algorithm>

#include "results/compare/figures.h"

namespace faultline::results {
namespace {

const char* colour_of(Verdict verdict) {
    switch (verdict) {
        case Verdict::kBetter:
            return "\x1b[32m";
        case Verdict::kWorse:
            return "\x1b[31m";
        case Verdict::kSame:
            return "\x1b[2m";
        case Verdict::kChanged:
            return "\x1b[36m";
        case Verdict::kUnclear:
        case Verdict::kUncompared:
            break;
    }
    return "\x1b[33m";
}

/// One line a row; a benchmark with several metrics is named once.
std::string table(const Section& section) {
    std::size_t name_width = 0;
    std::size_t metric_width = 0;
    std::size_t median_width = 0;
    for (const ComparedMetric* row : section.rows) {
        name_width = std::max(name_width, row->benchmark.size());
        metric_width = std::max(metric_width, row->metric.name.size());
        median_width = std::max(median_width, medians(*row).size());
    }
    std::string text;
    const ComparedMetric* last = nullptr;
    for (const ComparedMetric* row : section.rows) {
        const bool other_reason = last == nullptr || last->reason != row->reason;
        if (other_reason && !row->reason.empty()) text += "  * " + row->reason + ":\n";
        const bool is_new = other_reason || last->benchmark != row->benchmark;
        std::string line = fmt::format("  {:<{}}  {:<{}}  {:<{}}", is_new ? row->benchmark : "", name_width,
                                       row->metric.name, metric_width, medians(*row), median_width);
        if (row->median_a && row->median_b) line += fmt::format("  {:>7} {}", change(row->ratio()), interval(*row));
        line.erase(line.find_last_not_of(' ') + 1);
        text += line + "\n";
        if (const std::string why = stages_text(*row); is_new && !why.empty()) text += "      " + why + "\n";
        last = row;
    }
    return text;
}

}  // namespace

std::string terminal_text(const Comparison& comparison, bool colour) {
    std::string text = fmt::format("A  {}\nB  {}\n", comparison.label_a, comparison.label_b);
    for (const std::string& difference : comparison.differences) text += "   " + difference + "\n";
    for (const std::string& note : comparison.notes) text += "note: " + note + "\n";
    for (const Section& section : sections_of(comparison)) {
        const std::string heading = fmt::format("{} ({})", to_string(section.verdict), section.rows.size());
        text += colour ? fmt::format("\n{}{}\x1b[0m\n", colour_of(section.verdict), heading)
                       : fmt::format("\n{}\n", heading);
        text += table(section);
    }
    return text + fmt::format("\n{}\n{}: {}\n", method(comparison), totals(comparison), conclusion(comparison));
}

std::string plain_text(const ShapeComparison& comparison) {
    std::string text = fmt::format(
        "A  {} on {}\nB  {} on {}\n\n{} over that of the family's baseline, each on its own device:\n",
        comparison.label_a, comparison.device_a, comparison.label_b, comparison.device_b, comparison.metric);
    text += fmt::format("{:>12} {:>12} {:>9}\n", "A", "B", "B to A");
    for (const ShapeRow& row : comparison.rows) {
        text += fmt::format("{}\n{:>12.3f} {:>12.3f} ", row.benchmark, row.shape_a, row.shape_b);
        text += row.benchmark == row.baseline ? " baseline\n"
                                              : fmt::format("{:>9} [{}, {}]\n", change(row.shape_b / row.shape_a),
                                                            change(row.ratio_low), change(row.ratio_high));
    }
    for (const std::string& missing : comparison.missing) text += fmt::format("{}: not on both sides\n", missing);
    return text + "Devices of different kinds: shapes only, no verdicts.\n";
}

}  // namespace faultline::results
