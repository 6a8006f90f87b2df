#include "plots/curves.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "plots/parameter.h"

namespace faultline::plots {

Expected<std::vector<Curve>> curves_over(const std::vector<RunSet>& sets, std::string_view parameter,
                                         const Values& values, std::string_view chart) {
    std::vector<Curve> curves;
    for (std::size_t s = 0; s < sets.size(); ++s) {
        const std::size_t first = curves.size();
        for (const std::string& name : sets[s].benchmark_names()) {
            const auto found = parameter_of(name, parameter);
            if (!found || found->value <= 0) continue;  // axes are logarithmic
            std::vector<double> y = values(sets[s], name);
            if (y.empty()) continue;
            auto it = std::find_if(curves.begin() + static_cast<std::ptrdiff_t>(first), curves.end(),
                                   [&](const Curve& c) { return c.name == found->rest; });
            if (it == curves.end()) {
                const std::string key = sets.size() == 1 ? found->rest : sets[s].name() + ": " + found->rest;
                it = curves.insert(curves.end(), {s, found->rest, key, {}});
            }
            it->points.push_back({found->value, spread_of(std::move(y))});
        }
    }
    std::erase_if(curves, [](const Curve& c) { return c.points.size() < 2; });
    for (Curve& curve : curves) {
        std::sort(curve.points.begin(), curve.points.end(), [](const Point& a, const Point& b) { return a.x < b.x; });
    }
    if (curves.empty()) {
        return Error{ErrorKind::kBadInput,
                     fmt::format("{}: these runs have no benchmarks that differ in '{}:' alone and report what the "
                                 "chart needs (see `faultline plot --list`)",
                                 chart, parameter)};
    }
    if (curves.size() > kColours) {
        return Error{ErrorKind::kBadInput,
                     fmt::format("{}: {} curves, of which {} can be told apart: choose fewer with "
                                 "--benchmark",
                                 chart, curves.size(), kColours)};
    }
    return curves;
}

void add_curve(Figure& figure, const Curve& curve, std::size_t number, const std::string& columns, const std::string& x,
               double y_factor, bool in_key) {
    std::vector<std::vector<double>> rows;
    for (const Point& p : curve.points) {
        rows.push_back({p.x, p.y.median, p.y.low, p.y.high, static_cast<double>(p.y.count)});
    }
    const std::size_t index = figure.block(curve.key, columns, rows);
    const std::string y = fmt::format("($2*{0:g}):($3*{0:g}):($4*{0:g})", y_factor);
    figure.curve(fmt::format("index {} using {}:{} with yerrorlines lw 2 pt 7 ps 0.5 lc rgb '{}' dt {}", index, x, y,
                             colour(number), curve.set % 4 + 1),
                 in_key ? curve.key : "");
}

std::string counts_of(const std::vector<Curve>& curves) {
    std::set<std::size_t> counts;
    for (const Curve& curve : curves) {
        for (const Point& p : curve.points) counts.insert(p.y.count);
    }
    return *counts.begin() == *counts.rbegin() ? fmt::format("n = {}", *counts.begin())
                                               : fmt::format("n = {} to {}", *counts.begin(), *counts.rbegin());
}

std::vector<double> x_values(const std::vector<Curve>& curves) {
    std::set<double> all;
    for (const Curve& curve : curves) {
        for (const Point& p : curve.points) all.insert(p.x);
    }
    return {all.begin(), all.end()};
}

Values metric_values(std::string metric) {
    return [metric = std::move(metric)](const RunSet& set, const std::string& benchmark) {
        return set.values(benchmark, metric);
    };
}

}  // namespace faultline::plots
