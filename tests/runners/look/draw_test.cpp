// Every chart through the real gnuplot, in every format, with names that try to be something else.
#include "runners/look/draw.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "plots/chart.h"
#include "results/atomic_file.h"
#include "runners/system/subprocess.h"
#include "tests/plots/chart_data.h"
#include "tests/temporary_directory.h"

namespace faultline::runners {
namespace {

namespace fs = std::filesystem;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;
using testing::SizeIs;
using testing::StartsWith;

class Draw : public testing::Test {
protected:
    plots::Picture picture(const std::string& chart) const {
        const auto drawn = plots::find_chart(chart)->draw(plots::sets_for(chart), {});
        EXPECT_TRUE(drawn.ok());
        return drawn.ok() ? *drawn : plots::Picture{};
    }
    static std::string text_of(const fs::path& path) {
        const auto text = results::read_file(path);
        EXPECT_TRUE(text.ok()) << path;
        return text.ok() ? *text : "";
    }
    fs::path path(const std::string& name) const { return directory_.path() / name; }

    TemporaryDirectory directory_;
};

/// The marks of something drawn, which an empty plot has none of: curves and bars are groups that gnuplot numbers.
TEST_F(Draw, EveryChartInEveryFormat) {
    for (const plots::Chart& chart : plots::charts()) {
        const std::string name(chart.name);
        for (const std::string extension : {"svg", "png", "pdf"}) {
            const fs::path file = path(name + "." + extension);
            const Status status = draw(picture(name), file);
            ASSERT_TRUE(status.ok()) << name << ": " << status.error().message;
            EXPECT_GT(fs::file_size(file), 5000u) << file;
        }
        const std::string svg = text_of(path(name + ".svg"));
        EXPECT_THAT(svg, AllOf(HasSubstr("gnuplot_plot_1"), HasSubstr("xe-7.0"), HasSubstr("6.19.0"))) << name;
        // It answers the mouse: each line of the key switches its curve, and the page reads coordinates.
        const bool has_key =
            fs::exists(path(name + ".gp")) && picture(name).script.find(" title '") != std::string::npos;
        EXPECT_EQ(svg.find("gnuplot_svg.toggleVisibility") != std::string::npos, has_key) << name;
        EXPECT_THAT(svg, HasSubstr("gnuplot_svg.plot_xmin")) << name;
        EXPECT_THAT(svg, AllOf(HasSubstr("Number(plotcoord.x.toPrecision(4))"),
                               HasSubstr("Number(plotcoord.y.toPrecision(4))"), Not(HasSubstr("toFixed(2)"))))
            << name;
        EXPECT_THAT(text_of(path(name + ".png")), StartsWith("\x89PNG"));
        EXPECT_THAT(text_of(path(name + ".pdf")), StartsWith("%PDF-"));
        EXPECT_TRUE(fs::exists(path(name + ".dat")));
        EXPECT_TRUE(fs::exists(path(name + ".gp")));
    }
}

TEST_F(Draw, AHostileNameIsText) {
    for (const std::string chart : {"percentiles", "trend", "side-by-side", "histogram-over-time"}) {
        const fs::path file = path("a'b`touch hacked`.svg");
        ASSERT_TRUE(draw(picture(chart), file).ok()) << chart;
        EXPECT_THAT(text_of(file), AllOf(HasSubstr("hacked"), Not(HasSubstr("<script>alert")))) << chart;
    }
    EXPECT_FALSE(fs::exists("hacked"));
    EXPECT_FALSE(fs::exists(path("hacked")));
}

TEST_F(Draw, TheScriptBesideAPictureRedrawsIt) {
    const fs::path file = path("again.png");
    ASSERT_TRUE(draw(picture("throughput"), file).ok());
    const std::string before = text_of(file);
    fs::remove(file);
    const auto child =
        run_child({.argv = {"/usr/bin/env", "--chdir=" + directory_.path().string(), "gnuplot", "again.gp"}});
    ASSERT_TRUE(child.ok());
    EXPECT_TRUE(child->ok()) << child->err;
    EXPECT_EQ(text_of(file), before);
}

TEST_F(Draw, SaysWhatIsWrongAndKeepsWhatWasThere) {
    const plots::Picture good = picture("throughput");
    EXPECT_THAT(draw(good, path("x.jpg")).error().message, HasSubstr("ends in .svg, .png or .pdf"));
    EXPECT_FALSE(draw(good, path("none/x.svg")).ok());
    plots::Picture broken = good;
    broken.script = "plot nonsense(\n";
    directory_.write("x.svg", "earlier");
    const Status status = draw(broken, path("x.svg"));
    ASSERT_FALSE(status.ok());
    EXPECT_THAT(status.error().message, AllOf(HasSubstr("gnuplot exited with status 1"), Not(HasSubstr("\n"))));
    EXPECT_EQ(text_of(path("x.svg")), "earlier");
}

TEST_F(Draw, SvgsForAPageAreOneEach) {
    const auto svgs = draw_svgs({picture("throughput"), picture("percentiles")});
    ASSERT_TRUE(svgs.ok()) << svgs.error().message;
    ASSERT_THAT(*svgs, SizeIs(2));
    EXPECT_THAT((*svgs)[0], AllOf(HasSubstr("id=\"p0_plot_1\""), Not(HasSubstr("<script"))));
    EXPECT_THAT((*svgs)[1], AllOf(HasSubstr("id=\"p1_plot_1\""), HasSubstr("percentile")));
}

}  // namespace
}  // namespace faultline::runners
