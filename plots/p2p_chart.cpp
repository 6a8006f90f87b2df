// A matrix of devices: what moves from each to each, as colours and as figures.
//
// A pair is in a benchmark's name as "from:0" and "to:1", parts of their own; the rest of the name tells one matrix
// from another.
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "plots/chart.h"
#include "plots/parameter.h"
#include "plots/spread.h"

namespace faultline::plots {
namespace {

struct Cell {
    Spread rate;
    int from = 0;
    int to = 0;
};

}  // namespace

Expected<Picture> draw_p2p(const std::vector<RunSet>& sets) {
    std::map<std::string, std::vector<Cell>> matrices;
    for (const RunSet& set : sets) {
        for (const std::string& name : set.benchmark_names()) {
            const auto from = parameter_of(name, "from");
            const auto to = from ? parameter_of(from->rest, "to") : std::nullopt;
            const auto rate = set.values(name, "bytes_per_second");
            if (!to || rate.empty()) continue;
            const std::string key = sets.size() == 1 ? to->rest : set.name() + ": " + to->rest;
            matrices[key].push_back({spread_of(rate), static_cast<int>(from->value), static_cast<int>(to->value)});
        }
    }
    if (matrices.empty()) {
        return Error{ErrorKind::kBadInput,
                     "p2p: these runs have no benchmarks of pairs of devices (.../from:0/to:1) with a rate: run the "
                     "suite p2p on two devices or more"};
    }
    if (matrices.size() > 1) {
        std::string names;
        for (const auto& [name, cells] : matrices) names += (names.empty() ? "" : ", ") + name;
        return Error{ErrorKind::kBadInput, "p2p: one matrix a picture; choose one with --benchmark: " + names};
    }
    const auto& [name, cells] = *matrices.begin();
    int devices = 0;
    double highest = 0;
    std::size_t fewest = cells.front().rate.count;
    for (const Cell& cell : cells) {
        devices = std::max({devices, cell.from + 1, cell.to + 1});
        highest = std::max(highest, cell.rate.median);
        fewest = std::min(fewest, cell.rate.count);
    }
    Figure figure("Device to device, GB/s: " + name, sets);
    figure.note(fmt::format("a cell: median of n = {} repetitions; white: not measured", fewest));
    std::vector<std::vector<double>> rows;
    for (const Cell& cell : cells) {
        rows.push_back({static_cast<double>(cell.to), static_cast<double>(cell.from), cell.rate.median, cell.rate.low,
                        cell.rate.high, static_cast<double>(cell.rate.count)});
    }
    std::string tics;
    for (int d = 0; d < devices; ++d) tics += fmt::format("{}'{}' {}", d == 0 ? "" : ", ", d, d);
    const std::size_t index = figure.block(name, "to from rate(B/s) low high n", rows);
    figure.right = 110;
    figure.set(fmt::format("set xtics ({0})\nset ytics ({0})\nset xlabel 'to device'\nset ylabel 'from device'", tics));
    figure.set(fmt::format("set xrange [-0.5:{0}]\nset yrange [{0}:-0.5]\nunset grid", devices - 0.5));
    // Light to dark, so that it also reads without colour.
    figure.set("set palette defined (0 '#f7fbff', 0.5 '#6baed6', 1 '#084594')\nset cblabel 'GB/s'");
    figure.set(fmt::format("set cbrange [0:{:.7g}]\nset style fill solid 1 noborder", highest * 1e-9));
    figure.curve(fmt::format("index {} using 1:2:($1-0.48):($1+0.48):($2-0.48):($2+0.48):($3*1e-9) with boxxyerror lc "
                             "palette",
                             index),
                 "");
    figure.curve(fmt::format("index {} using 1:2:(sprintf('%.2f', $3*1e-9)):($3 > {:.7g} ? 0xffffff : 0x000000) with "
                             "labels tc rgb variable font ',14'",
                             index, highest * 0.5),
                 "");
    return figure.picture();
}

}  // namespace faultline::plots
