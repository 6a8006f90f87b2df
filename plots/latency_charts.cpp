// Latencies of single accesses: how many are served within a time, and how bad the rare ones are.
#include <fmt/format.h>

#include <algorithm>

#include "plots/chart.h"

namespace faultline::plots {
namespace {

using results::LatencyHistogram;

struct SetCurve {
    std::string key;
    LatencyHistogram latency;
};

/// One curve for each set and benchmark that has latencies.
Expected<std::vector<SetCurve>> curves_of(const std::vector<RunSet>& sets, std::string_view chart) {
    std::vector<SetCurve> curves;
    for (const RunSet& set : sets) {
        for (const std::string& name : set.benchmark_names()) {
            LatencyHistogram latency = set.latency(name);
            if (latency.empty()) continue;
            const std::string key = sets.size() == 1 ? name : set.name() + ": " + name;
            curves.push_back({fmt::format("{} (n = {})", key, latency.count()), std::move(latency)});
        }
    }
    if (curves.empty()) {
        return Error{ErrorKind::kBadInput,
                     fmt::format("{}: no latencies are stored for these benchmarks: choose others with --benchmark "
                                 "(`faultline export --format hgrm` lists those that have some)",
                                 chart)};
    }
    if (curves.size() > kColours) {
        return Error{ErrorKind::kBadInput,
                     fmt::format("{}: {} curves, of which {} can be told apart: choose fewer with "
                                 "--benchmark",
                                 chart, curves.size(), kColours)};
    }
    return curves;
}

/// Every row while there are few; else rows at equal distances, with the first and the last.
std::vector<std::vector<double>> thinned(const std::vector<std::vector<double>>& rows, std::size_t points) {
    if (rows.size() <= points) return rows;
    std::vector<std::vector<double>> some;
    for (std::size_t i = 0; i < points; ++i) some.push_back(rows[i * (rows.size() - 1) / (points - 1)]);
    return some;
}

}  // namespace

Expected<Picture> draw_latency_cdf(const std::vector<RunSet>& sets, const Canvas& canvas) {
    FL_ASSIGN_OR_RETURN(const auto curves, curves_of(sets, "latency-cdf"));
    Figure figure("Latency of accesses: share served within a time", sets, canvas);
    figure.set("set logscale x\nset format x '%.0s%cs'\nset xlabel 'latency'");
    figure.right = 30;  // half a tic's label
    figure.set("set ylabel 'share of accesses (%)'\nset yrange [0:100]");
    for (std::size_t i = 0; i < curves.size(); ++i) {
        const SetCurve& curve = curves[i];
        const auto count = static_cast<double>(curve.latency.count());
        std::vector<std::vector<double>> rows = {{static_cast<double>(curve.latency.min()), 0}};
        for (const auto& step : curve.latency.steps()) {
            rows.push_back({step.nanoseconds, 100 * static_cast<double>(step.cumulative) / count});
        }
        const std::size_t index = figure.block(curve.key, "latency(ns) share(%)", thinned(rows, canvas.points));
        figure.curve(fmt::format("index {} using ($1*1e-9):2 with steps lw 2 lc rgb '{}'", index, colour(i)),
                     curve.key);
    }
    return figure.picture();
}

// x is how far from all (1 - share), so that each nine is one step further.
Expected<Picture> draw_percentiles(const std::vector<RunSet>& sets, const Canvas& canvas) {
    FL_ASSIGN_OR_RETURN(const auto curves, curves_of(sets, "percentiles"));
    Figure figure("Latency of accesses: percentiles", sets, canvas);
    figure.set("set logscale xy\nset format y '%.0s%cs'\nset ylabel 'latency'");
    figure.set("set xlabel 'percentile'");
    double rarest = 0.01;
    for (std::size_t i = 0; i < curves.size(); ++i) {
        const SetCurve& curve = curves[i];
        const auto count = static_cast<double>(curve.latency.count());
        std::vector<std::vector<double>> rows;
        std::uint64_t below = 0;
        for (const auto& step : curve.latency.steps()) {
            // The middle of the samples that share the value: the largest of all is not at infinity.
            const double rank = (static_cast<double>(below) + static_cast<double>(step.cumulative)) / 2;
            rows.push_back({1 - rank / count, step.nanoseconds});
            below = step.cumulative;
        }
        rarest = std::min(rarest, rows.back()[0]);
        const std::size_t index = figure.block(curve.key, "1-share latency(ns)", thinned(rows, canvas.points));
        figure.curve(fmt::format("index {} using 1:($2*1e-9) with lines lw 2 lc rgb '{}'", index, colour(i)),
                     curve.key);
    }
    figure.set(fmt::format("set xrange [1:{:.7g}]", rarest));
    const char* whole = canvas.width < Canvas().width ? "" : "'0%%' 1, ";  // no room for it beside 50 %
    figure.set(
        fmt::format("set xtics ({}'50%%' 0.5, '90%%' 0.1, '99%%' 0.01, '99.9%%' 0.001, '99.99%%' 0.0001, "
                    "'99.999%%' 0.00001, '99.9999%%' 0.000001)",
                    whole));
    return figure.picture();
}

}  // namespace faultline::plots
