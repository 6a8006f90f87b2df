// Two sets of runs, benchmark by benchmark: how many times as fast the second is.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>

#include "plots/chart.h"
#include "plots/verdict.h"

namespace faultline::plots {
namespace {

constexpr std::size_t kRows = 40;

struct Row {
    std::string name;
    results::Verdict verdict;
    double gain;
    double low;  ///< of the confidence interval; the gain itself where there is none
    double high;
    std::size_t before;  ///< repetitions
    std::size_t after;
};

Row row_of(const std::vector<RunSet>& sets, const std::string& name, const results::ComparedMetric& time) {
    const double gain = gain_of(time);
    Row row = {name,
               time.verdict,
               gain,
               gain,
               gain,
               sets[0].values(name, kCompared).size(),
               sets[1].values(name, kCompared).size()};
    if (time.difference) {
        row.low = 1 / time.difference->ratio_high;
        row.high = 1 / time.difference->ratio_low;
    }
    return row;
}

struct Look {
    const char* name;
    const char* style;
};
constexpr std::array<Look, 4> kLooks = {{{"worse", "pt 9 ps 0.9 lw 2 lc rgb '#D55E00'"},
                                         {"better", "pt 5 ps 0.8 lw 2 lc rgb '#0072B2'"},
                                         {"same", "pt 7 ps 0.6 lw 1 lc rgb '#009E73'"},
                                         {"unclear", "pt 6 ps 0.6 lw 1 lc rgb '#888888'"}}};

/// Powers of two on both sides of 1, seven at most.
std::string ratio_tics(double edge) {
    const int last = std::min(static_cast<int>(std::log2(edge)), 60);
    const int step = last / 4 + 1;
    std::string tics = "set xtics ('1x' 1";
    for (int power = step; power <= last; power += step) {
        const auto ratio = std::uint64_t{1} << power;
        tics += fmt::format(", '{0}x' {0}, '1/{0}' 1./{0}", ratio);
    }
    return tics + ")";
}

}  // namespace

Expected<Picture> draw_side_by_side(const std::vector<RunSet>& sets, const Canvas& canvas) {
    if (sets.size() != 2) {
        return Error{ErrorKind::kBadInput, "side-by-side: needs two sets of runs: --run A --run B"};
    }
    const Verdicts found = verdicts(sets[0], sets[1]);
    if (!found.refused.empty()) {
        return Error{ErrorKind::kBadInput, "side-by-side: these runs are not comparable (" + found.refused + ")"};
    }
    std::vector<Row> rows;
    for (const auto& [name, judged] : found.benchmarks) {
        const results::ComparedMetric& time = judged.rows.front();
        if (time.metric.name == kCompared && time.median_a && time.median_b) rows.push_back(row_of(sets, name, time));
    }
    if (rows.empty()) {
        return Error{ErrorKind::kBadInput, "side-by-side: these runs have no benchmark in common"};
    }
    const std::size_t all = rows.size();
    const auto distance = [](const Row& row) { return std::abs(std::log(row.gain)); };
    std::stable_sort(rows.begin(), rows.end(), [&](const Row& a, const Row& b) { return distance(a) > distance(b); });
    rows.resize(std::min(rows.size(), kRows));
    std::stable_sort(rows.begin(), rows.end(), [](const Row& a, const Row& b) { return a.gain < b.gain; });

    Figure figure(fmt::format("{} against {}: time of an iteration", sets[1].name(), sets[0].name()), sets, canvas);
    figure.note(rows.size() < all ? fmt::format("the {} of {} benchmarks that differ most", rows.size(), all)
                                  : fmt::format("all {} benchmarks in common", all));
    const bool uniform = std::all_of(rows.begin(), rows.end(), [&](const Row& row) {
        return row.before == rows.front().before && row.after == rows.front().after;
    });
    figure.note(fmt::format("point: ratio of medians ({}); bar: 95 % confidence interval, if samples suffice",
                            uniform ? fmt::format("n = {} and {} repetitions", rows[0].before, rows[0].after)
                                    : "in brackets: n, repetitions"));
    for (const std::string& note : found.notes) figure.note(note);
    figure.make_room_for_names();
    std::array<std::vector<std::string>, kLooks.size()> blocks;
    std::string tics;
    double widest = 1.1;
    for (std::size_t r = 0; r < rows.size(); ++r) {
        const Row& row = rows[r];
        const std::string verdict = to_string(row.verdict);
        const auto look = std::find_if(kLooks.begin(), kLooks.end(), [&](const Look& l) { return verdict == l.name; });
        blocks[static_cast<std::size_t>(look - kLooks.begin())].push_back(fmt::format(
            "{} {:.7g} {:.7g} {:.7g} {} {} # {}", r, row.gain, row.low, row.high, row.before, row.after, row.name));
        widest = std::max({widest, row.gain, row.high, 1 / row.gain, 1 / row.low});
        const std::string counts = uniform ? "" : fmt::format(" ({}, {})", row.before, row.after);
        const std::string name = shortened(row.name, figure.name_length() - counts.size()) + counts;
        tics += (r == 0 ? "" : ", ") + gp_tic(name, static_cast<double>(r));
    }
    figure.plot_height = 24 + 15 * static_cast<unsigned>(rows.size());
    figure.set(
        fmt::format("set yrange [{}:-0.7]\nset ytics ({}) font ',10'", static_cast<double>(rows.size()) - 0.3, tics));
    const double edge = widest * std::pow(widest, 0.08);  // whole marks, also of the outermost points
    figure.set(fmt::format("set logscale x 2\nset format x '%gx'\nset xrange [{:.7g}:{:.7g}]", 1 / edge, edge));
    figure.set(
        "set xlabel 'times as fast (left: worse, right: better)'\nset arrow 1 from 1, graph 0 to 1, graph 1 nohead lc "
        "rgb '#444444'");
    figure.set(widest < 1.6 ? "set xtics (0.6, 0.7, 0.8, 0.9, 1, 1.1, 1.2, 1.3, 1.4, 1.5, 1.6)" : ratio_tics(edge));
    for (std::size_t v = 0; v < blocks.size(); ++v) {
        if (blocks[v].empty()) continue;
        const std::size_t index =
            figure.text_block(kLooks[v].name, "row gain low high n_before n_after name", blocks[v]);
        figure.curve(fmt::format("index {} using 2:1:3:4 with xerrorbars {}", index, kLooks[v].style), kLooks[v].name);
    }
    return figure.picture();
}

}  // namespace faultline::plots
