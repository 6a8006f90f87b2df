#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <nlohmann/json.hpp>
#include <set>

#include "plots/html.h"
#include "plots/page.h"
#include "plots/quantity.h"
#include "plots/report.h"
#include "plots/spread.h"
#include "results/metric.h"

namespace faultline::plots {
namespace {

constexpr std::string_view kRule =
    "Compared: the time of an iteration, and the median and 99th percentile of latencies. Worse or better: a rank test "
    "at a false-discovery rate of 5 % over all of them, a 95 % confidence interval of the ratio without 1, a change of "
    "3 % or more, and more than A differs from itself by. Same: the whole interval within 3 %. All else "
    "could not be told. A benchmark is as bad as the worst of what was compared. A verdict's ratio is of the medians "
    "of "
    "processes or boots, a table's of all repetitions.";

/// How a section's verdict is named in the page's attributes and texts.
std::string verdict_of(const ReportSection& section) {
    return section.judged ? to_string(section.judged->verdict()) : "unclear";
}

std::string gain_text(double gain) {
    if (std::abs(gain - 1) < 0.005) return "as good as before";
    return gain >= 1 ? fmt::format("{:.3g} times as good", gain) : fmt::format("{:.3g} times as bad", 1 / gain);
}

/// "latency_p99_ns: 1.31 times as bad"; the reason of what is unclear.
std::string row_text(const results::ComparedMetric& row) {
    std::string text = row.metric.name + ": ";
    if (row.median_a && row.median_b) text += gain_text(gain_of(row)) + (row.reason.empty() ? "" : "; ");
    return text + row.reason;
}

/// Whether the number of faults moved and which stages of one did, most first, so that a reader knows where to look.
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

class Page {
public:
    Page(const Report& report, const std::vector<std::string>& svgs)
        : report_(report), input_(report.input), svgs_(svgs) {}

    std::string html() {
        header();
        summary();
        environment();
        overview();
        tools();
        body_ += "<main aria-label=\"Benchmarks\">\n";
        for (std::size_t i = 0; i < report_.sections.size(); ++i) section(i);
        body_ += "</main>\n";
        return page_html("Faultline: " + report_.title, meta(), body_, true);
    }

private:
    bool compared() const { return input_.against.has_value(); }
    bool judged() const { return compared() && report_.refused.empty(); }

    std::size_t count(const std::string& verdict) const {
        return static_cast<std::size_t>(std::count_if(report_.sections.begin(), report_.sections.end(),
                                                      [&](const auto& s) { return verdict_of(s) == verdict; }));
    }

    /// The first run's `why` (Measured::error or Measured::skipped) of a benchmark; empty where no run has one.
    std::string reason_of(const std::string& benchmark, std::string Measured::*why) const {
        for (const RunData& run : input_.run.runs) {
            const Measured* m = run.find(benchmark);
            if (m != nullptr && !(m->*why).empty()) return m->*why;
        }
        return "";
    }

    /// The sections that have such a reason.
    std::vector<std::size_t> with_reason(std::string Measured::*why) const {
        std::vector<std::size_t> indices;
        for (std::size_t i = 0; i < report_.sections.size(); ++i) {
            if (!reason_of(report_.sections[i].benchmark, why).empty()) indices.push_back(i);
        }
        return indices;
    }

    /// For the index page, which reads it back.
    std::string meta() const {
        const nlohmann::json entry = {{"title", report_.title},
                                      {"label", input_.run.name()},
                                      {"started", input_.run.runs.back().started_utc},
                                      {"device", input_.run.fact("device")},
                                      {"policy", input_.run.fact("policy")},
                                      {"kernel", input_.run.fact("env_kernel_release")},
                                      {"benchmarks", report_.sections.size()},
                                      {"failed", with_reason(&Measured::error).size()},
                                      {"compared", judged()},
                                      {"worse", judged() ? count("worse") : 0},
                                      {"better", judged() ? count("better") : 0}};
        return "<meta name=\"faultline-report\" content=\"" +
               escaped(entry.dump(-1, ' ', true, nlohmann::json::error_handler_t::replace)) + "\">\n";
    }

    void header() {
        const RunSet& run = input_.run;
        body_ += fmt::format(
            "<header>\n<h1>{}</h1>\n<p class=\"soft\">{}, policy {}, model {}, kernel {}; {}</p>\n</header>\n",
            escaped(report_.title), escaped(run.fact("device")), escaped(run.fact("policy")),
            escaped(run.fact("model")), escaped(run.fact("env_kernel_release")), escaped(run.runs.back().started_utc));
        body_.append(marker_definitions());
    }

    void list(const char* id, const std::string& heading, const std::string& verdict) {
        std::vector<std::size_t> found;
        for (std::size_t i = 0; i < report_.sections.size(); ++i) {
            if (verdict_of(report_.sections[i]) == verdict) found.push_back(i);
        }
        if (found.empty()) return;
        const auto gain = [&](std::size_t i) {
            const auto& judged = report_.sections[i].judged;
            const bool both = judged && judged->decisive().median_a && judged->decisive().median_b;
            return both ? gain_of(judged->decisive()) : 1;
        };
        const bool better = verdict == "better";
        std::stable_sort(found.begin(), found.end(),
                         [&](std::size_t a, std::size_t b) { return better ? gain(a) > gain(b) : gain(a) < gain(b); });
        const bool open = verdict == "worse" || verdict == "better";
        body_ += fmt::format(
            "<details id=\"{}\"{}>\n<summary><span class=\"{}\">{}</span>: {}</summary>\n<ul class=\"names\">\n", id,
            open ? " open" : "", verdict, heading, found.size());
        for (const std::size_t i : found) {
            const ReportSection& s = report_.sections[i];
            body_ += fmt::format("<li><a href=\"#b{}\">{}</a>", i, escaped(s.benchmark));
            if (s.judged) {
                const results::ComparedMetric& row = s.judged->decisive();
                body_ += " " + escaped(row_text(row));
                if (const auto stages = stages_text(row.stages, 1); !stages.empty()) body_ += "; " + escaped(stages);
            } else {
                body_ += " has nothing that is compared";
            }
            body_ += "</li>\n";
        }
        body_ += "</ul>\n</details>\n";
    }

    void summary() {
        const auto failures = with_reason(&Measured::error);
        const auto skips = with_reason(&Measured::skipped);
        body_ += "<section id=\"summary\">\n<h2>Summary</h2>\n<ul class=\"counts\">\n";
        if (judged()) {
            body_ += fmt::format(
                "<li class=\"worse\"><b>{}</b>worse</li>\n<li class=\"better\"><b>{}</b>better</li>\n"
                "<li><b>{}</b>same</li>\n<li><b>{}</b>could not be told</li>\n",
                count("worse"), count("better"), count("same"), count("unclear"));
        }
        body_ += fmt::format("<li><b>{}</b>benchmarks</li>\n<li><b>{}</b>failed</li>\n", report_.sections.size(),
                             failures.size());
        if (!skips.empty()) body_ += fmt::format("<li><b>{}</b>skipped</li>\n", skips.size());
        body_ += "</ul>\n";
        if (judged()) {
            list("worse", "Worse", "worse");
            list("better", "Better", "better");
            list("unclear", "Could not be told", "unclear");
            list("same", "Same", "same");
            body_ += "<p class=\"soft\">A is " + escaped(input_.against->name()) + ", B is " +
                     escaped(input_.run.name()) + ". " + escaped(kRule) + "</p>\n";
            for (const std::string& note : report_.notes) body_ += "<p class=\"soft\">" + escaped(note) + "</p>\n";
        } else if (compared()) {
            body_ += "<p id=\"refused\">Not comparable (" + escaped(report_.refused) +
                     "): both sides' figures are shown, and nothing says what got worse or better.</p>\n";
        } else {
            body_ += "<p class=\"soft\">One side only: nothing says what got worse or better.</p>\n";
        }
        steps();
        reasons("failed", "Failed", failures, &Measured::error);
        reasons("skipped", "Skipped", skips, &Measured::skipped);
        body_ += "</section>\n";
    }

    void reasons(const char* id, const char* heading, const std::vector<std::size_t>& sections,
                 std::string Measured::*why) {
        if (sections.empty()) return;
        body_ += fmt::format("<details id=\"{}\" open>\n<summary>{}</summary>\n<ul class=\"names\">\n", id, heading);
        for (const std::size_t i : sections) {
            const std::string& name = report_.sections[i].benchmark;
            body_ +=
                fmt::format("<li><a href=\"#b{}\">{}</a> {}</li>\n", i, escaped(name), escaped(reason_of(name, why)));
        }
        body_ += "</ul>\n</details>\n";
    }

    std::string step_text(const Trend& history, const results::ChangePoint& step) const {
        const results::Metric metric = results::metric_of(kCompared);
        return fmt::format("from {}: {} -> {}, {}", history.nights[step.index].started_utc,
                           with_unit(metric, step.before), with_unit(metric, step.after),
                           gain_text(step.before / step.after));
    }

    /// Benchmarks whose history stepped, each with its last step.
    void steps() {
        std::string items;
        std::size_t stepped = 0;
        for (std::size_t i = 0; i < report_.sections.size(); ++i) {
            const Trend& history = report_.sections[i].history;
            if (history.steps.empty()) continue;
            ++stepped;
            items += fmt::format("<li><a href=\"#b{}\">{}</a> {}</li>\n", i, escaped(report_.sections[i].benchmark),
                                 escaped(step_text(history, history.steps.back())));
        }
        if (stepped == 0) return;
        body_ += fmt::format(
            "<details id=\"steps\">\n<summary>Stepped within their history: {}</summary>\n<ul "
            "class=\"names\">\n{}</ul>\n</details>\n",
            stepped, items);
    }

    std::vector<std::string> differing_facts() const {
        std::vector<std::string> keys;
        if (!compared()) return keys;
        std::set<std::string> all;
        for (const RunSet* set : {&*input_.against, &input_.run}) {
            for (const auto& [key, value] : set->environment) all.insert(key);
        }
        for (const std::string& key : all) {
            if (input_.against->fact(key) != input_.run.fact(key)) keys.push_back(key);
        }
        return keys;
    }

    std::string runs_text(const RunSet& set) const {
        std::string text;
        for (const RunData& run : set.runs)
            text += (text.empty() ? "" : ", ") + run.uid.substr(0, 8) + " (" + run.started_utc + ")";
        return text;
    }

    void environment() {
        const auto differing = differing_facts();
        body_ += fmt::format("<section id=\"environment\">\n<h2>{}</h2>\n",
                             compared() ? "What was compared" : "What was measured on");
        body_ += "<div class=\"scroll\"><table>\n<thead><tr><th scope=\"col\">fact</th>";
        if (compared()) body_ += "<th scope=\"col\">" + escaped(input_.against->name()) + "</th>";
        body_ += "<th scope=\"col\">" + escaped(input_.run.name()) + "</th></tr></thead>\n<tbody>\n";
        row("runs", compared() ? runs_text(*input_.against) : "", runs_text(input_.run), false);
        for (const std::string& key : differing) row(key, input_.against->fact(key), input_.run.fact(key), true);
        body_ += "</tbody>\n</table></div>\n";
        if (compared() && differing.empty()) body_ += "<p>No other fact differs.</p>\n";
        body_ += "<details>\n<summary>All facts</summary>\n<div class=\"scroll\"><table>\n<tbody>\n";
        for (const auto& [key, value] : input_.run.environment) {
            row(key, compared() ? input_.against->fact(key) : "", value, false);
        }
        body_ += "</tbody>\n</table></div>\n</details>\n</section>\n";
    }

    void row(const std::string& key, const std::string& before, const std::string& after, bool differs) {
        body_ += fmt::format("<tr{}><td>{}</td>", differs ? " class=\"differs\"" : "", escaped(key));
        if (compared()) body_ += "<td class=\"fact\">" + escaped(before) + "</td>";
        body_ += "<td class=\"fact\">" + escaped(after) + "</td></tr>\n";
    }

    void figures(const std::vector<std::size_t>& pictures) {
        for (const std::size_t i : pictures) {
            body_ += "<figure>" + inline_svg(svgs_[i], report_.pictures[i].title) + "</figure>\n";
        }
    }

    void overview() {
        if (report_.overview.empty()) return;
        body_ += "<section id=\"overview\">\n<h2>Overview</h2>\n<div class=\"figures\">\n";
        figures(report_.overview);
        body_ += "</div>\n</section>\n";
    }

    void tools() {
        body_ +=
            "<h2 id=\"benchmarks\">Benchmarks</h2>\n<div class=\"tools\" role=\"search\">\n<input type=\"search\" "
            "id=\"search\" aria-label=\"Search benchmarks\" placeholder=\"Search names (press /)\">\n";
        if (judged()) {
            for (const auto& [value, text] : {std::pair{"worse", "worse"},
                                              {"better", "better"},
                                              {"same", "same"},
                                              {"unclear", "could not be told"}}) {
                body_ += fmt::format("<label><input type=\"checkbox\" value=\"{}\" checked> {}</label>\n", value, text);
            }
        }
        body_ +=
            "<span id=\"shown\" class=\"soft\" role=\"status\"></span>\n</div>\n"
            "<p class=\"soft keys\">A click on a curve or its name, or Enter on it, fades it.</p>\n";
    }

    /// One metric's line of a section's table.
    void figure_row(const results::Metric& metric, const std::vector<double>& before,
                    const std::vector<double>& after) {
        body_ += "<tr><td>" + escaped(metric.name) + "</td>";
        if (compared()) {
            body_ += "<td>" + (before.empty() ? "-" : escaped(with_unit(metric, spread_of(before).median))) + "</td>";
        }
        if (after.empty()) {
            body_ += "<td>-</td><td></td>";
        } else {
            const Spread s = spread_of(after);
            body_ += fmt::format("<td>{}</td><td>{} to {}</td>", escaped(with_unit(metric, s.median)),
                                 escaped(with_unit(metric, s.low)), escaped(with_unit(metric, s.high)));
        }
        if (compared()) {
            const bool both = judged() && !before.empty() && !after.empty() && spread_of(before).median != 0;
            body_ += "<td>" + (both ? fmt::format("{:.3f}", spread_of(after).median / spread_of(before).median) : "-") +
                     "</td>";
            body_ += fmt::format("<td>{}, {}</td></tr>\n", before.size(), after.size());
        } else {
            body_ += fmt::format("<td>{}</td></tr>\n", after.size());
        }
    }

    void table(const std::string& benchmark, bool counters) {
        std::set<std::string, MetricOrder> metrics;
        for (const RunSet* set : {&input_.run, compared() ? &*input_.against : &input_.run}) {
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
        if (compared()) body_ += "<th scope=\"col\">" + escaped(input_.against->name()) + "</th>";
        body_ += "<th scope=\"col\">" + (compared() ? escaped(input_.run.name()) : "median") +
                 "</th><th scope=\"col\">middle half</th>";
        if (compared()) body_ += "<th scope=\"col\">ratio</th>";
        body_ += "<th scope=\"col\">n</th></tr></thead>\n<tbody>\n";
        for (const std::string& name : metrics) {
            figure_row(results::metric_of(name),
                       compared() ? input_.against->values(benchmark, name) : std::vector<double>{},
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

    void section(std::size_t index) {
        const ReportSection& s = report_.sections[index];
        const std::string verdict = judged() ? verdict_of(s) : "alone";
        body_ += fmt::format("<article id=\"b{}\" data-name=\"{}\" data-verdict=\"{}\">\n<h3>{}</h3>\n", index,
                             escaped(s.benchmark), verdict, escaped(s.benchmark));
        if (judged()) {
            body_ += fmt::format("<p><span class=\"{}\">{}</span></p>\n", verdict,
                                 verdict == "unclear" ? "could not be told" : verdict);
        }
        if (s.judged) verdict_rows(*s.judged);
        if (compared()) environment_of_sides();
        for (const results::ChangePoint& step : s.history.steps) {
            body_ += "<p>History stepped " + escaped(step_text(s.history, step)) + "</p>\n";
        }
        if (const std::string error = reason_of(s.benchmark, &Measured::error); !error.empty()) {
            body_ += "<p class=\"worse\">failed: " + escaped(error) + "</p>\n";
        }
        if (const std::string reason = reason_of(s.benchmark, &Measured::skipped); !reason.empty()) {
            body_ += "<p class=\"soft\">skipped: " + escaped(reason) + "</p>\n";
        }
        body_ += "<div class=\"figures\">\n<div>\n";
        table(s.benchmark, false);
        table(s.benchmark, true);
        body_ += "</div>\n";
        figures(s.pictures);
        body_ += "</div>\n</article>\n";
    }

    const Report& report_;
    const ReportInput& input_;
    const std::vector<std::string>& svgs_;
    std::string body_;
};

}  // namespace

std::string report_html(const Report& report, const std::vector<std::string>& svgs) {
    return Page(report, svgs).html();
}

}  // namespace faultline::plots
