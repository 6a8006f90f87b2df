// A matrix of devices: how fast each reaches each, as colours and as figures.
//
// Where bytes come from and where they go is in a benchmark's name, "from:0/to:1": the rows and the columns of every
// matrix. The rest of the name tells one matrix from another. A cell is the rate, or the median latency of a benchmark
// that moves nothing.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>

#include "plots/chart.h"
#include "plots/parameter.h"
#include "plots/spread.h"

namespace faultline::plots {
namespace {

/// What the axes are called.
struct Axes {
    std::string_view part;  ///< of the name
    const char* row;
    const char* column;
};
/// The first that fits.
constexpr std::array<Axes, 4> kAxes = {
    {{"/both", "both directions at once: one device", "and the other"},
     {"p2p/remote_access/write", "from device (that writes)", "to device (whose memory it is)"},
     {"p2p/remote_", "from device (whose memory it is)", "to device (that reads)"},
     {"", "from device", "to device"}}};

struct Cell {
    int row = 0;
    int column = 0;
    Spread value;
};

struct Matrix {
    std::string name;
    const Axes* axes = nullptr;
    bool is_rate = true;  ///< else a latency
    std::vector<Cell> cells;
};

const Axes& axes_of(const std::string& name) {
    return *std::find_if(kAxes.begin(), kAxes.end(),
                         [&](const Axes& a) { return name.find(a.part) != std::string::npos; });
}

std::vector<Matrix> matrices_of(const std::vector<RunSet>& sets) {
    std::vector<Matrix> matrices;
    for (const RunSet& set : sets) {
        for (const std::string& name : set.benchmark_names()) {
            const auto pair = pair_of(name);
            if (!pair) continue;
            auto values = set.values(name, "bytes_per_second");
            const bool is_rate = !values.empty();
            if (!is_rate) values = set.values(name, "latency_p50_ns");
            if (values.empty()) continue;
            const std::string key = sets.size() == 1 ? pair->rest : set.name() + ": " + pair->rest;
            auto it = std::find_if(matrices.begin(), matrices.end(), [&](const Matrix& m) { return m.name == key; });
            if (it == matrices.end()) it = matrices.insert(matrices.end(), {key, &axes_of(name), is_rate, {}});
            it->cells.push_back({pair->from, pair->to, spread_of(values)});
        }
    }
    return matrices;
}

}  // namespace

Expected<Picture> draw_p2p(const std::vector<RunSet>& sets, const Canvas& canvas) {
    const std::vector<Matrix> matrices = matrices_of(sets);
    if (matrices.empty()) {
        return Error{
            ErrorKind::kBadInput,
            "p2p: these runs have no benchmarks of pairs of devices (.../from:0/to:1): run the suite p2p on two "
            "devices or more"};
    }
    if (matrices.size() > 1) {
        std::string names;
        for (const Matrix& m : matrices) names += (names.empty() ? "" : ", ") + m.name;
        return Error{ErrorKind::kBadInput, "p2p: one matrix a picture; choose one with --benchmark: " + names};
    }
    const std::string& name = matrices.front().name;
    const bool is_rate = matrices.front().is_rate;
    const std::vector<Cell>& cells = matrices.front().cells;
    int devices = 0;
    double highest = 0;
    std::size_t fewest = cells.front().value.count;
    for (const Cell& cell : cells) {
        devices = std::max({devices, cell.row + 1, cell.column + 1});
        highest = std::max(highest, cell.value.median);
        fewest = std::min(fewest, cell.value.count);
    }
    const char* unit = is_rate ? "rate (GB/s)" : "median latency (us)";
    const double factor = is_rate ? 1e-9 : 1e-3;
    Figure figure(fmt::format("Device to device, {}: {}", unit, name), sets, canvas);
    figure.note(fmt::format("a cell: median of n = {} repetitions; empty: not measured", fewest));
    std::vector<std::vector<double>> rows;
    for (const Cell& cell : cells) {
        rows.push_back({static_cast<double>(cell.column), static_cast<double>(cell.row), cell.value.median,
                        cell.value.low, cell.value.high, static_cast<double>(cell.value.count)});
    }
    std::string tics;
    for (int d = 0; d < devices; ++d) tics += (d == 0 ? "" : ", ") + gp_tic(std::to_string(d), d);
    const Axes& axes = *matrices.front().axes;
    const std::size_t index =
        figure.block(name, fmt::format("column row {} low high n", is_rate ? "rate(B/s)" : "latency(ns)"), rows);
    figure.right = 110;
    figure.set(fmt::format("set xtics ({0})\nset ytics ({0})\nset xlabel '{1}'\nset ylabel '{2}'", tics, axes.column,
                           axes.row));
    figure.set(fmt::format("set xrange [-0.5:{0}]\nset yrange [{0}:-0.5]\nunset grid", devices - 0.5));
    // Light to dark, so that it also reads without colour.
    figure.set(fmt::format("set palette defined (0 '#f7fbff', 0.5 '#6baed6', 1 '#084594')\nset cblabel '{}'", unit));
    figure.set(fmt::format("set cbrange [0:{:.7g}]\nset style fill solid 1 noborder", highest * factor));
    figure.curve(fmt::format("index {} using 1:2:($1-0.48):($1+0.48):($2-0.48):($2+0.48):($3*{:g}) with boxxyerror lc "
                             "palette",
                             index, factor),
                 "");
    figure.curve(fmt::format("index {} using 1:2:(sprintf('%.3g', $3*{:g})):($3 > {:.7g} ? 0xffffff : 0x000000) with "
                             "labels tc rgb variable font ',14'",
                             index, factor, highest * 0.7),  // black on light, white on dark
                 "");
    return figure.picture();
}

}  // namespace faultline::plots
