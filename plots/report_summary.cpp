// The first part of a report's page: how many of each verdict, and which; what stepped, failed or was skipped.
#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "plots/html.h"
#include "plots/report_view.h"

namespace faultline::plots {
namespace {

constexpr std::string_view kRule =
    "Compared: the time of an iteration, and the median and 99th percentile of latencies. Worse or better: a rank test "
    "at a false-discovery rate of 5 % over all of them, a 95 % confidence interval of the ratio without 1, a change of "
    "3 % or more, and more than A differs from itself by. Same: the whole interval within 3 %. All else "
    "could not be told. A benchmark is as bad as the worst of what was compared. A verdict's ratio is of the medians "
    "of "
    "processes or boots, a table's of all repetitions.";

class Summary {
public:
    explicit Summary(const ReportView& view) : view_(view), report_(view.report), input_(view.report.input) {}

    std::string html() {
        const auto failures = view_.with_reason(&Measured::error);
        const auto skips = view_.with_reason(&Measured::skipped);
        body_ += "<section id=\"summary\">\n<h2>Summary</h2>\n<ul class=\"counts\">\n";
        if (view_.judged()) {
            body_ += fmt::format(
                "<li class=\"worse\"><b>{}</b>worse</li>\n<li class=\"better\"><b>{}</b>better</li>\n"
                "<li><b>{}</b>same</li>\n<li><b>{}</b>could not be told</li>\n",
                view_.count("worse"), view_.count("better"), view_.count("same"), view_.count("unclear"));
        }
        body_ += fmt::format("<li><b>{}</b>benchmarks</li>\n<li><b>{}</b>failed</li>\n", report_.sections.size(),
                             failures.size());
        if (!skips.empty()) body_ += fmt::format("<li><b>{}</b>skipped</li>\n", skips.size());
        body_ += "</ul>\n";
        if (view_.judged()) {
            list("worse", "Worse", "worse");
            list("better", "Better", "better");
            list("unclear", "Could not be told", "unclear");
            list("same", "Same", "same");
            body_ += "<p class=\"soft\">A is " + escaped(input_.against->name()) + ", B is " +
                     escaped(input_.run.name()) + ". " + escaped(kRule) + "</p>\n";
            for (const std::string& note : report_.notes) body_ += "<p class=\"soft\">" + escaped(note) + "</p>\n";
        } else if (view_.compared()) {
            body_ += "<p id=\"refused\">Not comparable (" + escaped(report_.refused) +
                     "): both sides' figures are shown, and nothing says what got worse or better.</p>\n";
        } else {
            body_ += "<p class=\"soft\">One side only: nothing says what got worse or better.</p>\n";
        }
        steps();
        reasons("failed", "Failed", failures, &Measured::error);
        reasons("skipped", "Skipped", skips, &Measured::skipped);
        body_ += "</section>\n";
        return std::move(body_);
    }

private:
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

    void reasons(const char* id, const char* heading, const std::vector<std::size_t>& sections,
                 std::string Measured::*why) {
        if (sections.empty()) return;
        body_ += fmt::format("<details id=\"{}\" open>\n<summary>{}</summary>\n<ul class=\"names\">\n", id, heading);
        for (const std::size_t i : sections) {
            const std::string& name = report_.sections[i].benchmark;
            body_ += fmt::format("<li><a href=\"#b{}\">{}</a> {}</li>\n", i, escaped(name),
                                 escaped(view_.reason_of(name, why)));
        }
        body_ += "</ul>\n</details>\n";
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

    const ReportView& view_;
    const Report& report_;
    const ReportInput& input_;
    std::string body_;
};

}  // namespace

std::string summary_part(const ReportView& view) { return Summary(view).html(); }

}  // namespace faultline::plots
