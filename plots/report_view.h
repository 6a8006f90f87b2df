// What the parts of a report's page ask of the report, and how all of them word it; and the parts, each HTML by itself.
//
// Private to plots. Thread safety: values; pure functions. Ownership: a view is good as long as the report and the
// pictures that it was made of.
#pragma once

#include <string>
#include <vector>

#include "plots/report.h"

namespace faultline::plots {

struct ReportView {
    const Report& report;
    const std::vector<std::string>& svgs;

    bool compared() const { return report.input.against.has_value(); }
    bool judged() const { return compared() && report.refused.empty(); }
    /// How many sections have that verdict.
    std::size_t count(const std::string& verdict) const;
    /// The first run's `why` (Measured::error or Measured::skipped) of a benchmark; empty where no run has one.
    std::string reason_of(const std::string& benchmark, std::string Measured::*why) const;
    /// The sections that have such a reason.
    std::vector<std::size_t> with_reason(std::string Measured::*why) const;
    /// The pictures of these indices, as HTML.
    std::string figures(const std::vector<std::size_t>& pictures) const;
};

/// How a section's verdict is named in the page's attributes and texts.
std::string verdict_of(const ReportSection& section);
/// "latency_p99_ns: 1.31 times as bad"; the reason of what is unclear.
std::string row_text(const results::ComparedMetric& row);
/// Whether the number of faults moved and which stages of one did, most first, so that a reader knows where to look.
std::string stages_text(const results::Stages& stages, std::size_t most);
/// When a benchmark's history stepped, with the values before and after.
std::string step_text(const Trend& history, const results::ChangePoint& step);

/// What a reader looks at first: the counts, and the benchmarks by verdict (report_summary.cpp).
std::string summary_part(const ReportView& view);
/// What was measured on, and where the sides differ (report_environment.cpp).
std::string environment_part(const ReportView& view);
/// One section: verdict, figures and pictures of a benchmark (report_section.cpp).
std::string section_part(const ReportView& view, std::size_t index);

}  // namespace faultline::plots
