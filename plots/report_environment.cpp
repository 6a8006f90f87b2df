// The part of a report's page that says what was measured on: which facts of the two sides differ, and all facts.
#include <fmt/format.h>

#include <set>
#include <utility>

#include "plots/html.h"
#include "plots/report_view.h"

namespace faultline::plots {
namespace {

class EnvironmentPart {
public:
    explicit EnvironmentPart(const ReportView& view) : view_(view), input_(view.report.input) {}

    std::string html() {
        const auto differing = differing_facts();
        body_ += fmt::format("<section id=\"environment\">\n<h2>{}</h2>\n",
                             view_.compared() ? "What was compared" : "What was measured on");
        body_ += "<div class=\"scroll\"><table>\n<thead><tr><th scope=\"col\">fact</th>";
        if (view_.compared()) body_ += "<th scope=\"col\">" + escaped(input_.against->name()) + "</th>";
        body_ += "<th scope=\"col\">" + escaped(input_.run.name()) + "</th></tr></thead>\n<tbody>\n";
        row("runs", view_.compared() ? runs_text(*input_.against) : "", runs_text(input_.run), false);
        for (const std::string& key : differing) row(key, input_.against->fact(key), input_.run.fact(key), true);
        body_ += "</tbody>\n</table></div>\n";
        if (view_.compared() && differing.empty()) body_ += "<p>No other fact differs.</p>\n";
        body_ += "<details>\n<summary>All facts</summary>\n<div class=\"scroll\"><table>\n<tbody>\n";
        for (const auto& [key, value] : input_.run.environment) {
            row(key, view_.compared() ? input_.against->fact(key) : "", value, false);
        }
        body_ += "</tbody>\n</table></div>\n</details>\n</section>\n";
        return std::move(body_);
    }

private:
    std::vector<std::string> differing_facts() const {
        std::vector<std::string> keys;
        if (!view_.compared()) return keys;
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

    void row(const std::string& key, const std::string& before, const std::string& after, bool differs) {
        body_ += fmt::format("<tr{}><td>{}</td>", differs ? " class=\"differs\"" : "", escaped(key));
        if (view_.compared()) body_ += "<td class=\"fact\">" + escaped(before) + "</td>";
        body_ += "<td class=\"fact\">" + escaped(after) + "</td></tr>\n";
    }

    const ReportView& view_;
    const ReportInput& input_;
    std::string body_;
};

}  // namespace

std::string environment_part(const ReportView& view) { return EnvironmentPart(view).html(); }

}  // namespace faultline::plots
