// Two sets of runs, benchmark by benchmark: how many times as fast the second is.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "plots/chart.h"
#include "plots/verdict.h"

namespace faultline::plots {
namespace {

constexpr std::size_t kRows = 40;

struct Row {
    std::string name;
    Judged judged;
    std::size_t before = 0;
    std::size_t after = 0;
};

}  // namespace

Expected<Picture> draw_side_by_side(const std::vector<RunSet>& sets) {
    if (sets.size() != 2) {
        return Error{ErrorKind::kBadInput, "side-by-side: needs two sets of runs: --run A --run B"};
    }
    std::vector<Row> rows;
    for (const auto& [name, judged] : verdicts(sets[0], sets[1])) {
        rows.push_back({name, judged, sets[0].values(name, kCompared).size(), sets[1].values(name, kCompared).size()});
    }
    if (rows.empty()) {
        return Error{ErrorKind::kBadInput, "side-by-side: these runs have no benchmark in common"};
    }
    const std::size_t all = rows.size();
    const auto distance = [](const Row& row) { return std::abs(std::log(row.judged.gain)); };
    std::stable_sort(rows.begin(), rows.end(), [&](const Row& a, const Row& b) { return distance(a) > distance(b); });
    rows.resize(std::min(rows.size(), kRows));
    std::stable_sort(rows.begin(), rows.end(),
                     [](const Row& a, const Row& b) { return a.judged.gain < b.judged.gain; });

    Figure figure(fmt::format("{} against {}: time of an iteration", sets[1].name(), sets[0].name()), sets);
    figure.note(rows.size() < all ? fmt::format("the {} of {} benchmarks that differ most", rows.size(), all)
                                  : fmt::format("all {} benchmarks in common", all));
    figure.note("point: ratio of medians; bar: of the extreme repetitions of both; numbers in brackets: repetitions");
    figure.note("marked where medians differ by 5 % or more and no repetitions overlap; no statistical test");
    std::array<std::vector<std::string>, 3> blocks;
    std::string tics;
    double widest = 1.1;
    for (std::size_t r = 0; r < rows.size(); ++r) {
        const Judged& j = rows[r].judged;
        blocks[static_cast<std::size_t>(j.verdict)].push_back(fmt::format("{} {:.7g} {:.7g} {:.7g} {} {} # {}", r,
                                                                          j.gain, j.gain_low, j.gain_high,
                                                                          rows[r].before, rows[r].after, rows[r].name));
        widest = std::max({widest, j.gain_high, 1 / j.gain_low});
        const std::string name = fmt::format("{} ({}, {})", shortened(rows[r].name, 46), rows[r].before, rows[r].after);
        tics += (r == 0 ? "" : ", ") + gp_tic(name, static_cast<double>(r));
    }
    figure.left = 310;
    figure.plot_height = 24 + 15 * static_cast<unsigned>(rows.size());
    figure.set(
        fmt::format("set yrange [{}:-0.7]\nset ytics ({}) font ',10'", static_cast<double>(rows.size()) - 0.3, tics));
    figure.set(
        fmt::format("set logscale x 2\nset format x '%gx'\nset xrange [{:.7g}:{:.7g}]", 0.95 / widest, widest * 1.05));
    figure.set(
        "set xlabel 'worse <    times as fast    > better'\nset arrow 1 from 1, graph 0 to 1, graph 1 nohead lc "
        "rgb '#444444'");
    if (widest > 4) {
        figure.set(
            "set xtics ('1/256' 1./256, '1/64' 1./64, '1/16' 1./16, '1/4' 0.25, '1' 1, '4x' 4, '16x' 16, "
            "'64x' 64, '256x' 256)");
    }
    if (widest < 1.6) figure.set("set xtics (0.6, 0.7, 0.8, 0.9, 1, 1.1, 1.2, 1.3, 1.4, 1.5, 1.6)");
    struct Look {
        const char* name;
        const char* style;
    };
    constexpr std::array<Look, 3> kLooks = {{{"worse", "pt 9 ps 0.9 lw 2 lc rgb '#D55E00'"},
                                             {"better", "pt 5 ps 0.8 lw 2 lc rgb '#0072B2'"},
                                             {"could not be told", "pt 6 ps 0.6 lw 1 lc rgb '#888888'"}}};
    for (std::size_t v = 0; v < blocks.size(); ++v) {
        if (blocks[v].empty()) continue;
        const std::size_t index =
            figure.text_block(kLooks[v].name, "row gain low high n_before n_after name", blocks[v]);
        figure.curve(fmt::format("index {} using 2:1:3:4 with xerrorbars {}", index, kLooks[v].style), kLooks[v].name);
    }
    return figure.picture();
}

}  // namespace faultline::plots
