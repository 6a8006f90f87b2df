// Charts over a parameter: threads, sizes, how far memory is oversubscribed.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "plots/chart.h"
#include "plots/curves.h"
#include "plots/tics.h"

namespace faultline::plots {
namespace {

std::string bars_note(const std::vector<Curve>& curves) {
    return counts_of(curves) + " repetitions a point: median, and the middle half of them (all, where fewer than 4)";
}

/// A range with room for the bars of the first and the last point. Of a logarithmic axis, all values are above 0.
std::string roomy_range(const std::vector<double>& values, bool logarithmic) {
    constexpr double kRoom = 0.03;  // of the range
    const double low = values.front();
    const double high = values.back();
    const double factor = std::pow(high / low, kRoom);
    const double margin = (high - low) * kRoom;
    return logarithmic ? fmt::format("set xrange [{:.7g}:{:.7g}]", low / factor, high * factor)
                       : fmt::format("set xrange [{:.7g}:{:.7g}]", low - margin, high + margin);
}

/// The first column for gnuplot, shifted a little for each of `count` curves: bars stand beside each other, not one
/// over the other.
std::string beside(const std::vector<double>& values, bool logarithmic, std::size_t number, std::size_t count) {
    constexpr double kApart = 0.006;  // of the range
    const double shift = kApart * (static_cast<double>(number) - (static_cast<double>(count) - 1) / 2);
    if (shift == 0) return "1";
    return logarithmic ? fmt::format("($1*{:.5g})", std::pow(values.back() / values.front(), shift))
                       : fmt::format("($1{:+.5g})", (values.back() - values.front()) * shift);
}

/// Where the topmost bar ends.
double highest(const std::vector<Curve>& curves) {
    double high = 0;
    for (const Curve& curve : curves) {
        for (const Point& p : curve.points) high = std::max(high, p.y.high);
    }
    return high;
}

/// What a latency is taken from: the histogram's median where there is one, else the time of an iteration.
std::vector<double> latency_values(const RunSet& set, const std::string& benchmark) {
    std::vector<double> values = set.values(benchmark, "latency_p50_ns");
    return values.empty() ? set.values(benchmark, "real_time") : values;
}

}  // namespace

Expected<Picture> draw_throughput(const std::vector<RunSet>& sets, const Canvas& canvas) {
    FL_ASSIGN_OR_RETURN(const auto curves,
                        curves_over(sets, "threads", metric_values("faults_per_second"), "throughput"));
    Figure figure("Fault throughput against parallelism", sets, canvas);
    figure.note(bars_note(curves));
    const auto x = x_values(curves);
    figure.set("set logscale x 2\n" + exact_tics("x", x, "") + "\n" + roomy_range(x, true));
    figure.set("set xlabel 'GPU threads that fault at once'\nset ylabel 'faults per second'");
    figure.set(decimal_tics("y", 0, highest(curves), ""));
    for (std::size_t i = 0; i < curves.size(); ++i) {
        add_curve(figure, curves[i], i, "threads faults/s low high n", beside(x, true, i, curves.size()), 1, true);
    }
    return figure.picture();
}

Expected<Picture> draw_migration(const std::vector<RunSet>& sets, const Canvas& canvas) {
    const auto latency = curves_over(sets, "size", latency_values, "migration");
    if (!latency) return latency.error();
    const auto rate = curves_over(sets, "size", metric_values("bytes_per_second"), "migration");
    if (!rate) return rate.error();
    Figure figure("Migration against size: latency and rate", sets, canvas);
    figure.plot_height = 210;
    figure.note(bars_note(*latency));
    figure.note("latency: of one access or prefetch call; an access moves a range of the driver at most, a call all");
    const auto sizes = x_values(*latency);
    figure.set("set logscale x 2\n" + size_tics("x", sizes));
    figure.set(roomy_range(sizes, true));
    figure.set("set xlabel ''\nset logscale y\nset format y '%.0s%cs'\nset ylabel 'latency (median)'");
    for (std::size_t i = 0; i < latency->size(); ++i) {
        add_curve(figure, (*latency)[i], i, "size(B) latency(ns) low high n", beside(sizes, true, i, latency->size()),
                  1e-9, false);
    }
    figure.next_panel();
    figure.set("set xlabel 'size (B)'\nunset logscale y\nset format y '%g'\nset ylabel 'GB/s'\nset yrange [0:*]");
    for (std::size_t i = 0; i < rate->size(); ++i) {
        // The same colour in both halves, also where one of them lacks a curve.
        const auto same =
            std::find_if(latency->begin(), latency->end(), [&](const Curve& c) { return c.key == (*rate)[i].key; });
        const std::size_t number =
            same == latency->end() ? latency->size() + i : static_cast<std::size_t>(same - latency->begin());
        add_curve(figure, (*rate)[i], number, "size(B) rate(B/s) low high n",
                  beside(sizes, true, number, latency->size()), 1e-9, true);
    }
    return figure.picture();
}

Expected<Picture> draw_oversubscription(const std::vector<RunSet>& sets, const Canvas& canvas) {
    FL_ASSIGN_OR_RETURN(const auto curves,
                        curves_over(sets, "oversubscription", metric_values("bytes_per_second"), "oversubscription"));
    Figure figure("Oversubscription: rate against memory in use, as a multiple of VRAM", sets, canvas);
    figure.note(bars_note(curves));
    const auto x = x_values(curves);
    figure.set(exact_tics("x", x, "x") + "\n" + roomy_range(x, false));
    figure.set("set xlabel 'memory in use / VRAM'\nset ylabel 'GB/s'\nset format y '%g'\nset yrange [0:*]");
    for (std::size_t i = 0; i < curves.size(); ++i) {
        add_curve(figure, curves[i], i, "multiple rate(B/s) low high n", beside(x, false, i, curves.size()), 1e-9,
                  true);
    }
    return figure.picture();
}

Expected<Picture> draw_scaling(const std::vector<RunSet>& sets, const Canvas& canvas) {
    FL_ASSIGN_OR_RETURN(auto curves, curves_over(sets, "threads", metric_values("faults_per_second"), "scaling"));
    Figure figure("Scaling: fault throughput against a curve's own first point", sets, canvas);
    figure.note(bars_note(curves));
    figure.note("shapes compare between devices; rates do not, so none is shown here");
    const auto x = x_values(curves);
    figure.set("set logscale x 2\nset logscale y 2\n" + exact_tics("x", x, "") + "\n" + roomy_range(x, true));
    figure.set("set xlabel 'GPU threads that fault at once'\nset ylabel 'throughput / that of the first point'");
    figure.set("set format y '%gx'");
    for (std::size_t i = 0; i < curves.size(); ++i) {
        Curve& curve = curves[i];
        const double first = curve.points.front().y.median;
        if (first <= 0) return Error{ErrorKind::kBadInput, "scaling: " + curve.key + " begins with a rate of 0"};
        for (Point& p : curve.points) {
            p.y.median /= first;
            p.y.low /= first;
            p.y.high /= first;
        }
        add_curve(figure, curve, i, "threads multiple low high n", beside(x, true, i, curves.size()), 1, true);
    }
    const std::size_t ideal =
        figure.block("ideal", "threads multiple", {{x.front(), 1}, {x.back(), x.back() / x.front()}});
    figure.curve(fmt::format("index {} using 1:2 with lines dt 3 lc rgb '#888888'", ideal), "in proportion to threads");
    return figure.picture();
}

}  // namespace faultline::plots
