// GitHub's Markdown.
#include <fmt/format.h>

#include "results/compare/figures.h"
#include "results/compare/format.h"

namespace faultline::results {
namespace {

/// As the content of a table's cell.
std::string cell(const std::string& text) {
    std::string out;
    for (const char c : text) out += c == '|' ? "\\|" : std::string(1, c);
    return out;
}

std::string code(const std::string& text) { return "`" + cell(text) + "`"; }

std::string markdown_table(const Section& section) {
    std::string text = "| benchmark | metric | A -> B | change | interval | |\n|---|---|---|---:|---|---|\n";
    for (const ComparedMetric* row : section.rows) {
        const std::string ratio = row->median_a && row->median_b ? change(row->ratio()) : "";
        text += fmt::format("| {} | {} | {} | {} | {} | {} |\n", code(row->benchmark), cell(row->metric.name),
                            medians(*row), ratio, interval(*row),
                            cell(row->reason.empty() ? stages_text(*row) : row->reason));
    }
    return text;
}

}  // namespace

std::string markdown_text(const Comparison& comparison) {
    std::string text = fmt::format("**{}** {}.\n\nA: {}, B: {}\n", conclusion(comparison), totals(comparison),
                                   code(comparison.label_a), code(comparison.label_b));
    if (!comparison.differences.empty() || !comparison.notes.empty()) text += "\n";
    for (const std::string& difference : comparison.differences) text += fmt::format("- {}\n", difference);
    for (const std::string& note : comparison.notes) text += fmt::format("- **note:** {}\n", note);
    for (const Section& section : sections_of(comparison)) {
        const std::string heading = fmt::format("{} ({})", to_string(section.verdict), section.rows.size());
        // NOLINTNEXTLINE(bugprone-branch-clone): the texts differ
        if (section.verdict == Verdict::kSame) {
            text +=
                fmt::format("\n<details><summary>{}</summary>\n\n{}\n</details>\n", heading, markdown_table(section));
        } else {
            text += fmt::format("\n### {}\n\n{}", heading, markdown_table(section));
        }
    }
    return text + "\n" + method(comparison) + "\n";
}

std::string markdown_text(const ShapeComparison& comparison) {
    std::string text = fmt::format(
        "A: {} on {}, B: {} on {}\n\n{} over that of the family's baseline, each on its own device:\n\n"
        "| benchmark | baseline | A | B | B to A | interval |\n|---|---|---:|---:|---:|---|\n",
        code(comparison.label_a), comparison.device_a, code(comparison.label_b), comparison.device_b,
        comparison.metric);
    for (const ShapeRow& row : comparison.rows) {
        if (row.benchmark == row.baseline) continue;
        text += fmt::format("| {} | {} | {:.3f} | {:.3f} | {} | [{}, {}] |\n", code(row.benchmark), code(row.baseline),
                            row.shape_a, row.shape_b, change(row.shape_b / row.shape_a), change(row.ratio_low),
                            change(row.ratio_high));
    }
    if (!comparison.missing.empty()) text += "\n";
    for (const std::string& missing : comparison.missing)
        text += fmt::format("- {}: not on both sides\n", code(missing));
    return text + "\nDevices of different kinds: shapes only, no verdicts.\n";
}

}  // namespace faultline::results
