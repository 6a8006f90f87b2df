// The part of a report's page about one benchmark: its verdict, its figures as a table, its pictures.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <set>
#include <utility>

#include "plots/html.h"
#include "plots/quantity.h"
#include "plots/report_view.h"
#include "plots/spread.h"
#include "vocabulary/metrics.h"

namespace faultline::plots {
namespace {

/// What a person looks for first; the rest by name.
struct MetricOrder {
    static std::size_t rank(const std::string& name) {
        static constexpr std::array kFirst = {"real_time",        "cpu_time",         "faults_per_second",
                                              "bytes_per_second", "items_per_second", "latency_min_ns",
                                              "latency_p50_ns",   "latency_p90_ns",   "latency_p99_ns",
                                              "latency_p999_ns",  "latency_max_ns"};
        return static_cast<std::size_t>(std::find(kFirst.begin(), kFirst.end(), name) - kFirst.begin());
    }
    bool operator()(const std::string& a, const std::string& b) const {
        const std::size_t rank_a = rank(a);
        const std::size_t rank_b = rank(b);
        return rank_a != rank_b ? rank_a < rank_b : a < b;
    }
};

class Section {
public:
    explicit Section(const ReportView& view) : view_(view), report_(view.report), input_(view.report.input) {}

    std::string html(std::size_t index) {
        const ReportSection& s = report_.sections[index];
        const std::string verdict = view_.judged() ? verdict_of(s) : "alone";
        body_ += fmt::format("<article id=\"b{}\" data-name=\"{}\" data-verdict=\"{}\">\n<h3>{}</h3>\n", index,
                             escaped(s.benchmark), verdict, escaped(s.benchmark));
        if (view_.judged()) {
            body_ += fmt::format("<p><span class=\"{}\">{}</span></p>\n", verdict,
                                 verdict == "unclear" ? "could not be told" : verdict);
        }
        if (s.judged) verdict_rows(*s.judged);
        if (view_.compared()) environment_of_sides();
        for (const results::ChangePoint& step : s.history.steps) {
            body_ += "<p>History stepped " + escaped(step_text(s.history, step)) + "</p>\n";
        }
        if (const std::string error = view_.reason_of(s.benchmark, &Measured::error); !error.empty()) {
            body_ += "<p class=\"worse\">failed: " + escaped(error) + "</p>\n";
        }
        if (const std::string reason = view_.reason_of(s.benchmark, &Measured::skipped); !reason.empty()) {
            body_ += "<p class=\"soft\">skipped: " + escaped(reason) + "</p>\n";
        }
        body_ += "<div class=\"figures\">\n<div>\n";
        table(s.benchmark, false);
        table(s.benchmark, true);
        body_ += "</div>\n";
        body_ += view_.figures(s.pictures);
        body_ += "</div>\n</article>\n";
        return std::move(body_);
    }

private:
    /// One metric's line of a section's table.
    void figure_row(const Metric& metric, const std::vector<double>& before, const std::vector<double>& after) {
        body_ += "<tr><td>" + escaped(metric.name) + "</td>";
        if (view_.compared()) {
            body_ += "<td>" + (before.empty() ? "-" : escaped(with_unit(metric, spread_of(before).median))) + "</td>";
        }
        if (after.empty()) {
            body_ += "<td>-</td><td></td>";
        } else {
            const Spread s = spread_of(after);
            body_ += fmt::format("<td>{}</td><td>{} to {}</td>", escaped(with_unit(metric, s.median)),
                                 escaped(with_unit(metric, s.low)), escaped(with_unit(metric, s.high)));
        }
        if (view_.compared()) {
            const bool both = view_.judged() && !before.empty() && !after.empty() && spread_of(before).median != 0;
            body_ += "<td>" + (both ? fmt::format("{:.3f}", spread_of(after).median / spread_of(before).median) : "-") +
                     "</td>";
            body_ += fmt::format("<td>{}, {}</td></tr>\n", before.size(), after.size());
        } else {
            body_ += fmt::format("<td>{}</td></tr>\n", after.size());
        }
    }

    void table(const std::string& benchmark, bool counters) {
        std::set<std::string, MetricOrder> metrics;
        for (const RunSet* set : {&input_.run, view_.compared() ? &*input_.against : &input_.run}) {
            for (const RunData& run : set->runs) {
                const Measured* m = run.find(benchmark);
                if (m == nullptr) continue;
                for (const auto& [name, values] : m->metrics) {
                    if (name.starts_with("gt.") == counters) metrics.insert(name);
                }
            }
        }
        if (metrics.empty()) return;
        if (counters) body_ += "<details>\n<summary>Counters of the driver, an iteration</summary>\n";
        body_ += "<div class=\"scroll\"><table>\n<thead><tr><th scope=\"col\">metric</th>";
        if (view_.compared()) body_ += "<th scope=\"col\">" + escaped(input_.against->name()) + "</th>";
        body_ += "<th scope=\"col\">" + (view_.compared() ? escaped(input_.run.name()) : "median") +
                 "</th><th scope=\"col\">middle half</th>";
        if (view_.compared()) body_ += "<th scope=\"col\">ratio</th>";
        body_ += "<th scope=\"col\">n</th></tr></thead>\n<tbody>\n";
        for (const std::string& name : metrics) {
            figure_row(metric_of(name),
                       view_.compared() ? input_.against->values(benchmark, name) : std::vector<double>{},
                       input_.run.values(benchmark, name));
        }
        body_ += "</tbody>\n</table></div>\n";
        if (counters) body_ += "</details>\n";
    }

    /// What was compared, the verdict on each with its reason, and which stages moved.
    void verdict_rows(const Judged& judged) {
        body_ += "<ul class=\"verdicts\">\n";
        for (const results::ComparedMetric& row : judged.rows) {
            const std::string verdict = to_string(row.verdict);
            body_ += fmt::format("<li><span class=\"{}\">{}</span> {}", verdict, verdict, escaped(row_text(row)));
            if (row.difference) {
                body_ += fmt::format(" (medians of {} and {} {}: ratio {:.3f}, 95 % confidence {:.3f} to {:.3f})",
                                     row.difference->units_a, row.difference->units_b,
                                     row.difference->unit == results::Unit::kBoot ? "boots" : "processes", row.ratio(),
                                     row.difference->ratio_low, row.difference->ratio_high);
            }
            if (const auto stages = stages_text(row.stages, row.stages.moves.size()); !stages.empty()) {
                body_ += "<br>stages: " + escaped(stages);
            }
            body_ += "</li>\n";
        }
        body_ += "</ul>\n";
    }

    /// In short, so that a section can be read by itself; the table above has everything.
    void environment_of_sides() {
        constexpr std::size_t kShort = 100;
        std::string text;
        for (const std::string& difference : report_.differences) {
            text += (text.empty() ? "" : "; ") + escaped(shortened(difference, kShort));
        }
        if (text.empty()) text = "no difference that matters";
        body_ += "<p class=\"soft\"><a href=\"#environment\">Environment</a>: " + text + "</p>\n";
    }

    const ReportView& view_;
    const Report& report_;
    const ReportInput& input_;
    std::string body_;
};

}  // namespace

std::string section_part(const ReportView& view, std::size_t index) { return Section(view).html(index); }

}  // namespace faultline::plots
