// The report as a reader meets it: made by the real gnuplot, opened and driven in a real browser.
#include "plots/report.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "results/atomic_file.h"
#include "runners/look/draw.h"
#include "runners/system/subprocess.h"
#include "tests/plots/chart_data.h"
#include "tests/temporary_directory.h"

namespace faultline::runners {
namespace {

namespace fs = std::filesystem;
using plots::RunSet;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

std::string html_of(plots::ReportInput input) {
    const plots::Report report = plan_report(std::move(input));
    const auto svgs = draw_svgs(report.pictures);
    EXPECT_TRUE(svgs.ok()) << svgs.error().message;
    return svgs.ok() ? report_html(report, *svgs) : "";
}

/// B is better, but for the hostile benchmark, which got worse, and one that is the same; one benchmark is in B only,
/// one failed.
plots::ReportInput two_sides() {
    auto sets = plots::compared_sets();
    RunSet& b = sets[1];
    b.reference = "<b>\"B\"";
    for (plots::RunData& run : b.runs) {
        for (plots::Measured& m : run.benchmarks) {
            if (m.name == "p2p/copy/one/from:0/to:1") m.error = "wrong data & <more>";
        }
        run.benchmarks.push_back(plots::measured("only/in/b", 1000));
    }
    RunSet history = plots::run_set("history", 12, 1, "xe-7.0");
    for (unsigned n = 6; n < 12; ++n) history.runs[n] = plots::run_data(n, 0.6);
    return {std::move(b), std::move(sets[0]), std::move(history)};
}

class Browser : public testing::Test {
protected:
    /// Opens the page, runs `script` in it after it has loaded, and gives what the script left in `report` as lines.
    std::vector<std::string> drive(std::string html, const std::string& script) {
        const std::string probe =
            "<script>window.addEventListener('load', () => { const report = []; const $ = (s) => "
            "document.querySelector(s); const shown = () => [...document.querySelectorAll('article')].filter((a) => "
            "!a.hidden).map((a) => a.dataset.name);\n" +
            script +
            "\nreport.push('fetched ' + performance.getEntriesByType('resource').length);"
            "document.body.replaceChildren(); for (const line of report) { const p = document.createElement('pre');"
            "p.textContent = '@' + line + '@'; document.body.append(p); } });</script></body>";
        const std::size_t end = html.rfind("</body>");
        EXPECT_NE(end, std::string::npos);
        html.replace(end, 7, probe);
        const fs::path file = directory_.write("page.html", html);
        const auto child = run_child({.argv = {"/usr/bin/env", "chromium", "--headless", "--no-sandbox",
                                               "--disable-gpu", "--disable-dev-shm-usage", "--enable-logging=stderr",
                                               "--user-data-dir=" + (directory_.path() / "profile").string(),
                                               "--dump-dom", "file://" + file.string()},
                                      .environment = {{"HOME", directory_.path().string()}},
                                      .time_limit = std::chrono::minutes(2)});
        EXPECT_TRUE(child.ok() && child->ok())
            << (child.ok() ? child->err : child.error().message) << "\nchromium is needed (runners/setup installs it)";
        if (!child.ok()) return {};
        EXPECT_THAT(child->err, Not(HasSubstr("CONSOLE")));  // errors, and what the page's policy forbade
        std::vector<std::string> lines;
        const std::string& dom = child->out;
        for (std::size_t at = dom.find("<pre>@"); at != std::string::npos; at = dom.find("<pre>@", at + 1)) {
            lines.push_back(dom.substr(at + 6, dom.find("@</pre>", at) - at - 6));
        }
        return lines;
    }

    TemporaryDirectory directory_;
};

TEST_F(Browser, SearchesAndFilters) {
    const auto lines = drive(html_of(two_sides()), R"(
        report.push($('#shown').textContent);
        const search = $('#search');
        const type = (text) => { search.value = text; search.dispatchEvent(new Event('input')); };
        type('READ threads:2'); report.push(shown().join());
        type('nothing like this'); report.push($('#shown').textContent);
        search.focus();
        document.dispatchEvent(new KeyboardEvent('keydown', {key: 'Escape'})); report.push(String(shown().length));
        for (const box of document.querySelectorAll('.tools input[type=checkbox]'))
            if (box.value !== 'worse') { box.checked = false; box.dispatchEvent(new Event('change')); }
        report.push(String(shown().length) + ' ' + String(shown()[0].includes('<script>')));
        search.blur();
        document.dispatchEvent(new KeyboardEvent('keydown', {key: '/'}));
        report.push(document.activeElement.id);
    )");
    EXPECT_THAT(lines, ElementsAre("13 of 13 benchmarks", "fault/parallelism/read/threads:2", "0 of 13 benchmarks",
                                   "13", "1 true", "search", "fetched 0"));
}

TEST_F(Browser, ALinkShowsWhatIsFilteredOut) {
    const auto lines = drive(html_of(two_sides()), R"(
        const search = $('#search');
        search.value = 'nothing'; search.dispatchEvent(new Event('input'));
        report.push(String(shown().length));
        const link = $('#worse a');
        location.hash = link.getAttribute('href');
        window.dispatchEvent(new HashChangeEvent('hashchange'));
        report.push(String(shown().length) + ' ' + String($(link.getAttribute('href')).hidden));
    )");
    EXPECT_THAT(lines, ElementsAre("0", "13 false", "fetched 0"));
}

TEST_F(Browser, CurvesFadeByClickAndByKey) {
    const auto lines = drive(html_of(two_sides()), R"(
        const curves = document.querySelectorAll('article figure [role=button]');
        report.push(String(curves.length > 10) + ' ' + curves[0].tabIndex);
        curves[0].dispatchEvent(new MouseEvent('click', {bubbles: true}));
        report.push(curves[0].getAttribute('aria-pressed') + ' ' + getComputedStyle(curves[0].querySelector('path')).opacity);
        curves[0].dispatchEvent(new KeyboardEvent('keydown', {key: 'Enter'}));
        report.push(curves[0].getAttribute('aria-pressed'));
    )");
    EXPECT_THAT(lines, ElementsAre("true 0", "false 0.08", "true", "fetched 0"));
}

TEST_F(Browser, ACurveFadesWithItsOtherPanelAndItsBand) {
    const auto lines = drive(html_of(two_sides()), R"(
        const off = (svg) => [...svg.querySelectorAll('g.off')].map((g) => g.id.replace(/^p\d+_/, '')).join();
        const svg = [...document.querySelectorAll('#overview svg')].find((s) => s.ariaLabel.startsWith('Migration'));
        svg.querySelector('[role=button]').dispatchEvent(new MouseEvent('click', {bubbles: true}));
        report.push(off(svg));
        const trend = [...document.querySelectorAll('article svg')].find((s) => s.ariaLabel.startsWith('Trend'));
        trend.querySelector('[role=button]').dispatchEvent(new MouseEvent('click', {bubbles: true}));
        report.push(off(trend));
    )");
    EXPECT_THAT(lines, ElementsAre("plot_1a,plot_1b", "plot_1,plot_2", "fetched 0"));
}

TEST_F(Browser, EveryMarkerOfACurveIsThere) {
    const auto lines = drive(html_of(two_sides()), R"(
        const uses = [...document.querySelectorAll('figure use')].map((u) => u.getAttribute('href'));
        report.push(String(uses.length > 50) + ' ' + String(uses.includes('#gpPt11')));
        report.push('missing ' + [...new Set(uses)].filter((id) => !document.querySelector(id)).join());
    )");
    EXPECT_THAT(lines, ElementsAre("true true", "missing ", "fetched 0"));
}

TEST_F(Browser, ChartsFitAPhone) {
    const auto lines = drive(html_of(two_sides()), R"(
        document.body.style.width = '390px';
        const widths = [...document.querySelectorAll('figure svg')].map((s) => s.getBoundingClientRect().width);
        const scales = [...document.querySelectorAll('figure svg')].map((s) =>
            s.getBoundingClientRect().width / s.viewBox.baseVal.width);
        report.push(String(widths.length > 10) + ' ' + String(Math.max(...widths) <= 390));
        report.push(String(Math.min(...scales) * 12 > 9));  // letters of an axis, in pixels
        report.push(String(document.documentElement.scrollWidth <= window.innerWidth));
    )");
    EXPECT_THAT(lines, ElementsAre("true true", "true", "true", "fetched 0"));
}

TEST_F(Browser, NoNameBecomesMarkup) {
    const std::string html = html_of(two_sides());
    const auto lines = drive(html, R"(
        report.push(String(document.querySelectorAll('script').length));
        report.push(String(document.querySelectorAll('h1 b, article b').length));
        report.push([...document.querySelectorAll('h3')].filter((h) => h.textContent.startsWith('fault/<script>')).length + '');
        const ids = [...document.querySelectorAll('[id]')].map((e) => e.id);
        report.push('twice ' + ids.filter((id, i) => ids.indexOf(id) !== i).join());
    )");
    EXPECT_THAT(lines, ElementsAre("2", "0", "1", "twice ", "fetched 0"));  // the page's script and this one
    EXPECT_THAT(html, AllOf(HasSubstr("default-src 'none'"), Not(HasSubstr("<script>alert")), Not(HasSubstr("src=")),
                            Not(HasSubstr("http://")), Not(HasSubstr("https://")), Not(HasSubstr("url("))));
}

TEST(Report, SaysFirstWhatGotWorseAndBetter) {
    const std::string html = html_of(two_sides());
    EXPECT_THAT(
        html,
        AllOf(HasSubstr("<b>1</b>worse"), HasSubstr("<b>10</b>better"), HasSubstr("<b>1</b>same"),
              HasSubstr("<b>1</b>could not be told"), HasSubstr("<b>1</b>failed"),
              HasSubstr("not in A, or failed or skipped there"), HasSubstr("failed: wrong data &amp; &lt;more&gt;"),
              HasSubstr("policy: xe-7.0 -&gt; fine-grained"), HasSubstr("History stepped from 2026-01-07")));
    EXPECT_LT(html.find("id=\"summary\""), html.find("<article"));
    EXPECT_LT(html.find("id=\"worse\""), html.find("id=\"better\""));
}

TEST(Report, ASkipIsShownWithItsReasonAndIsNoFailure) {
    plots::ReportInput input{plots::run_set("A", 1, 1, "xe-7.0"), std::nullopt, std::nullopt};
    plots::Measured& alone = input.run.runs[0].benchmarks.emplace_back();
    alone.name = "p2p/alone";
    alone.skipped = "there is <one> device";
    const std::string html = html_of(std::move(input));
    EXPECT_THAT(html, AllOf(HasSubstr("<b>0</b>failed"), HasSubstr("<b>1</b>skipped"), HasSubstr("id=\"skipped\""),
                            HasSubstr("skipped: there is &lt;one&gt; device"), Not(HasSubstr("id=\"failed\""))));
}

TEST(Report, OfOneSideComparesNothing) {
    const std::string html = html_of({plots::run_set("A", 1, 1, "xe-7.0"), std::nullopt, std::nullopt});
    EXPECT_THAT(html,
                AllOf(HasSubstr("One side only"), Not(HasSubstr("type=\"checkbox\"")), Not(HasSubstr("id=\"worse\""))));
}

TEST(Report, OfWhatIsNotComparableSaysWhyAndJudgesNothing) {
    plots::ReportInput input = two_sides();
    input.run.environment["model"] = "slow-copy";
    const std::string html = html_of(std::move(input));
    EXPECT_THAT(html, AllOf(HasSubstr("Not comparable (device model: native against slow-copy)"),
                            Not(HasSubstr("type=\"checkbox\"")), Not(HasSubstr("times as good (medians of")),
                            Not(HasSubstr("data-verdict=\"worse\"")), HasSubstr("data-verdict=\"alone\"")));
}

TEST(Report, SaysWhichStageMoved) {
    plots::ReportInput input = two_sides();
    for (plots::RunData& run : input.run.runs) {
        for (plots::Measured& m : run.benchmarks) m.metrics["gt.svm_64K_bind_us"].assign(3, 900);
    }
    EXPECT_THAT(html_of(std::move(input)), HasSubstr("<br>stages: bind 2 us -&gt; 9 us a fault"));
}

// 300 benchmarks on two sides, with latencies, counters and a history of 30 runs.
TEST(Report, OfThreeHundredBenchmarksStaysBelowFiveMegabytes) {
    const auto many = [](const std::string& name, unsigned runs, bool latencies) {
        RunSet set = plots::run_set(name, runs, 1, "xe-7.0");
        for (plots::RunData& run : set.runs) {
            const double wobble = 1 + 0.001 * static_cast<double>(run.uid.back());
            run.benchmarks.clear();
            for (int i = 0; i < 300; ++i) {
                plots::Measured m =
                    plots::measured(fmt::format("fault/family/read/cpu_touched/case:{}/threads", i), 1000 * wobble);
                for (int c = 0; c < 15; ++c)
                    m.metrics[fmt::format("gt.svm_counter_{}_count", c)] = {1.0 * i, 2.0 * c, 3};
                if (!latencies) m.latency = {};
                run.benchmarks.push_back(std::move(m));
            }
        }
        return set;
    };
    const std::string html = html_of({many("B", 5, true), many("A", 5, true), many("history", 30, false)});
    EXPECT_LT(html.size(), 5'000'000u);
    EXPECT_GT(html.size(), 1'000'000u);
}

TEST(ReportIndex, ReadsBackWhatReportsSay) {
    const std::string html = html_of(two_sides());
    const auto entry = plots::read_entry("b's \"report\".html", html);
    ASSERT_TRUE(entry);
    EXPECT_EQ(entry->title, "<b>\"B\" (6 runs) against A (6 runs)");
    EXPECT_EQ(entry->worse, 1u);
    EXPECT_EQ(entry->better, 10u);
    EXPECT_EQ(entry->failed, 1u);
    EXPECT_EQ(entry->policy, "fine-grained");
    plots::ReportEntry older = *entry;
    older.started = "2025-01-01T00:00:00Z";
    older.title = "older";
    const std::string index = plots::index_html({older, *entry});
    EXPECT_THAT(index, AllOf(HasSubstr("./b%27s%20%22report%22.html"),
                             HasSubstr("&lt;b&gt;&quot;B&quot; (6 runs) against A (6 runs)"), HasSubstr("2 reports"),
                             Not(HasSubstr("<b>\"B\""))));
    EXPECT_LT(index.find(" against "), index.find("older"));
    EXPECT_FALSE(plots::read_entry("x.html", "<html></html>"));
    EXPECT_FALSE(plots::read_entry("x.html", "<meta name=\"faultline-report\" content=\"{}\">"));
    EXPECT_FALSE(plots::read_entry("x.html", "<meta name=\"faultline-report\" content=\"{"));
}

}  // namespace
}  // namespace faultline::runners
