// A report's page as a whole: its head, the parts in their order, and what the index reads back.
#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <utility>

#include "plots/html.h"
#include "plots/page.h"
#include "plots/report.h"
#include "plots/report_view.h"

namespace faultline::plots {
namespace {

class Page {
public:
    Page(const Report& report, const std::vector<std::string>& svgs)
        : report_(report), input_(report.input), view_{report, svgs} {}

    std::string html() {
        header();
        body_ += summary_part(view_);
        body_ += environment_part(view_);
        overview();
        tools();
        body_ += "<main aria-label=\"Benchmarks\">\n";
        for (std::size_t i = 0; i < report_.sections.size(); ++i) body_ += section_part(view_, i);
        body_ += "</main>\n";
        return page_html("Faultline: " + report_.title, meta(), body_, true);
    }

private:
    /// For the index page, which reads it back.
    std::string meta() const {
        const nlohmann::json entry = {{"title", report_.title},
                                      {"label", input_.run.name()},
                                      {"started", input_.run.runs.back().started_utc},
                                      {"device", input_.run.fact("device")},
                                      {"policy", input_.run.fact("policy")},
                                      {"kernel", input_.run.fact("env_kernel_release")},
                                      {"benchmarks", report_.sections.size()},
                                      {"failed", view_.with_reason(&Measured::error).size()},
                                      {"compared", view_.judged()},
                                      {"worse", view_.judged() ? view_.count("worse") : 0},
                                      {"better", view_.judged() ? view_.count("better") : 0}};
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

    void overview() {
        if (report_.overview.empty()) return;
        body_ += "<section id=\"overview\">\n<h2>Overview</h2>\n<div class=\"figures\">\n";
        body_ += view_.figures(report_.overview);
        body_ += "</div>\n</section>\n";
    }

    void tools() {
        body_ +=
            "<h2 id=\"benchmarks\">Benchmarks</h2>\n<div class=\"tools\" role=\"search\">\n<input type=\"search\" "
            "id=\"search\" aria-label=\"Search benchmarks\" placeholder=\"Search names (press /)\">\n";
        if (view_.judged()) {
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

    const Report& report_;
    const ReportInput& input_;
    const ReportView view_;
    std::string body_;
};

}  // namespace

std::string report_html(const Report& report, const std::vector<std::string>& svgs) {
    return Page(report, svgs).html();
}

}  // namespace faultline::plots
