// Pictures of stored runs: plot and report.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "plots/chart.h"
#include "tests/runners/command_fixture.h"

namespace faultline::runners {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::StartsWith;

class PlotCommand : public Command {
protected:
    /// One line, exit status 2.
    void expect_refused(const ChildResult& result, const std::string& what) {
        EXPECT_EQ(result.code, 2);
        EXPECT_THAT(result.err, AllOf(StartsWith("faultline: "), HasSubstr(what)));
        EXPECT_EQ(std::count(result.err.begin(), result.err.end(), '\n'), 1);
    }
};

TEST_F(PlotCommand, ListsEveryChartAndWhatItNeeds) {
    const ChildResult listed = faultline({"plot", "--list"});
    EXPECT_EQ(listed.code, 0);
    for (const plots::Chart& chart : plots::charts()) {
        EXPECT_THAT(listed.out, AllOf(HasSubstr(std::string(chart.name)), HasSubstr(std::string(chart.needs))));
    }
}

TEST_F(PlotCommand, DrawsStoredRunsWithDataAndScriptBeside) {
    ASSERT_EQ(run({"--label", "a"}).code, 0);
    fs::remove_all(output());
    ASSERT_EQ(run({"--label", "b"}).code, 0);
    for (const std::string extension : {"svg", "png", "pdf"}) {
        const fs::path file = root() / ("p." + extension);
        const ChildResult drawn = faultline({"plot", "--chart", "percentiles", "--run", "label:a", "--run", "label:b",
                                             "--benchmark", "parallelism/read/threads:[12]", "-o", file.string()});
        EXPECT_EQ(drawn.code, 0) << drawn.err;
        EXPECT_TRUE(fs::exists(file));
    }
    EXPECT_TRUE(fs::exists(root() / "p.dat"));
    EXPECT_TRUE(fs::exists(root() / "p.gp"));
    const auto data = results::read_file(root() / "p.dat");
    EXPECT_THAT(*data, AllOf(HasSubstr("label:a: fault/parallelism/read/threads:1 "),
                             HasSubstr("label:b: fault/parallelism/read/threads:2 ")));
    const ChildResult over_time = faultline({"plot", "--chart", "histogram-over-time", "--run", "label:b",
                                             "--benchmark", "threads:1$", "-o", (root() / "t.png").string()});
    EXPECT_EQ(over_time.code, 0) << over_time.err;
}

TEST_F(PlotCommand, BadInputIsOneLine) {
    ASSERT_EQ(run({"--label", "a"}).code, 0);
    const std::string file = (root() / "p.svg").string();
    expect_refused(faultline({"plot", "--chart", "nonsense", "--run", "label:a", "-o", file}),
                   "there is no chart 'nonsense'");
    expect_refused(faultline({"plot", "--chart", "trend", "-o", file}), "--run names the runs");
    expect_refused(faultline({"plot", "--chart", "trend", "--run", "label:a"}), "-o names the picture");
    expect_refused(faultline({"plot", "--chart", "trend", "--run", "label:a", "-o", file}), "two runs or more");
    expect_refused(faultline({"plot", "--chart", "p2p", "--run", "label:a", "-o", file}), "no benchmarks of pairs");
    expect_refused(faultline({"plot", "--chart", "percentiles", "--run", "label:z", "-o", file}), "label:z");
    expect_refused(faultline({"plot", "--chart", "percentiles", "--run", "label:a", "--benchmark", "(", "-o", file}),
                   "--benchmark \"(\" is not a regular expression");
    expect_refused(faultline({"plot", "--chart", "percentiles", "--run", "label:a", "--benchmark", "threads:1", "-o",
                              (root() / "p.jpg").string()}),
                   ".svg, .png or .pdf");
    EXPECT_FALSE(fs::exists(file));
}

TEST_F(PlotCommand, WithoutGnuplotSaysSo) {
    ASSERT_EQ(run({"--label", "a"}).code, 0);
    environment["PATH"] = root().string();
    expect_refused(faultline({"plot", "--chart", "percentiles", "--run", "label:a", "--benchmark", "threads:1", "-o",
                              (root() / "p.svg").string()}),
                   "gnuplot is not there");
}

TEST_F(PlotCommand, ReportsIntoAFolderWithAnIndex) {
    ASSERT_EQ(run({"--label", "a"}).code, 0);
    fs::remove_all(output());
    environment["FAKE_BEHAVIOUR"] = kParallel2 + "=crash";
    ASSERT_EQ(run({"--label", "b"}).code, 1);
    const fs::path folder = root() / "nights/reports";
    const ChildResult alone = faultline({"report", "--run", "label:a", "-o", folder.string()});
    ASSERT_EQ(alone.code, 0) << alone.err;
    const ChildResult compared =
        faultline({"report", "--run", "label:b", "--against", "label:a", "-o", folder.string()});
    ASSERT_EQ(compared.code, 0) << compared.err;
    const auto text_of = [](const fs::path& file) {
        const auto text = results::read_file(file);
        EXPECT_TRUE(text.ok()) << file;
        return text.ok() ? *text : "";
    };
    const std::string page = text_of(compared.out.substr(0, compared.out.size() - 1));
    EXPECT_THAT(page, AllOf(HasSubstr("(label:b) against "), HasSubstr("<b>2</b>failed"),
                            HasSubstr("Trend: time of an iteration")));
    const std::string index = text_of(folder / "index.html");
    EXPECT_THAT(index, AllOf(HasSubstr("2 reports"), HasSubstr("(label:b) against "), HasSubstr("(label:a)</a>")));
    // Again: it replaces itself.
    ASSERT_EQ(faultline({"report", "--run", "label:a", "-o", folder.string()}).code, 0);
    EXPECT_THAT(text_of(folder / "index.html"), HasSubstr("2 reports"));
    const ChildResult file = faultline({"report", "--run", "label:a", "-o", (root() / "one.html").string()});
    EXPECT_EQ(file.code, 0) << file.err;
    EXPECT_TRUE(fs::exists(root() / "one.html"));
    EXPECT_FALSE(fs::exists(root() / "index.html"));
}

TEST_F(PlotCommand, BadReportsAreOneLine) {
    ASSERT_EQ(run({"--label", "a"}).code, 0);
    expect_refused(faultline({"report", "-o", "x.html"}), "--run names the runs");
    expect_refused(faultline({"report", "--run", "label:a"}), "-o names");
    expect_refused(faultline({"report", "--run", "label:a", "--against", "label:z", "-o", "x.html"}), "label:z");
    expect_refused(faultline({"report", "--run", "label:a", "-o", (root() / "bin/faultline/x").string()}),
                   "bin/faultline");
}

}  // namespace
}  // namespace faultline::runners
