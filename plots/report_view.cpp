#include "plots/report_view.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "plots/html.h"
#include "plots/quantity.h"
#include "vocabulary/metrics.h"

namespace faultline::plots {
namespace {

std::string gain_text(double gain) {
    if (std::abs(gain - 1) < 0.005) return "as good as before";
    return gain >= 1 ? fmt::format("{:.3g} times as good", gain) : fmt::format("{:.3g} times as bad", 1 / gain);
}

}  // namespace

std::size_t ReportView::count(const std::string& verdict) const {
    return static_cast<std::size_t>(std::count_if(report.sections.begin(), report.sections.end(),
                                                  [&](const auto& s) { return verdict_of(s) == verdict; }));
}

std::string ReportView::reason_of(const std::string& benchmark, std::string Measured::*why) const {
    for (const RunData& run : report.input.run.runs) {
        const Measured* m = run.find(benchmark);
        if (m != nullptr && !(m->*why).empty()) return m->*why;
    }
    return "";
}

std::vector<std::size_t> ReportView::with_reason(std::string Measured::*why) const {
    std::vector<std::size_t> indices;
    for (std::size_t i = 0; i < report.sections.size(); ++i) {
        if (!reason_of(report.sections[i].benchmark, why).empty()) indices.push_back(i);
    }
    return indices;
}

std::string ReportView::figures(const std::vector<std::size_t>& pictures) const {
    std::string html;
    for (const std::size_t i : pictures) {
        html += "<figure>" + inline_svg(svgs[i], report.pictures[i].title) + "</figure>\n";
    }
    return html;
}

std::string verdict_of(const ReportSection& section) {
    return section.judged ? to_string(section.judged->verdict()) : "unclear";
}

std::string row_text(const results::ComparedMetric& row) {
    std::string text = row.metric.name + ": ";
    if (row.median_a && row.median_b) {
        text += row.metric.has_direction() ? gain_text(gain_of(row)) : fmt::format("{:.3g} times as much", row.ratio());
        if (!row.reason.empty()) text += "; ";
    }
    return text + row.reason;
}

std::string stages_text(const results::Stages& stages, std::size_t most) {
    std::string text;
    if (const auto& faults = stages.faults)
        text = fmt::format("faults {:.4g} -> {:.4g} an iteration", faults->before, faults->after);
    for (std::size_t i = 0; i < std::min(most, stages.moves.size()); ++i) {
        const results::StageMove& move = stages.moves[i];
        text += fmt::format("{}{} {:.3g} us -> {:.3g} us a fault", text.empty() ? "" : ", ", move.stage, move.before_us,
                            move.after_us);
    }
    return text.empty() ? stages.reason : text;
}

std::string step_text(const Trend& history, const results::ChangePoint& step) {
    const Metric metric = metric_of(kCompared);
    return fmt::format("from {}: {} -> {}, {}", history.nights[step.index].started_utc, with_unit(metric, step.before),
                       with_unit(metric, step.after), gain_text(step.before / step.after));
}

}  // namespace faultline::plots
