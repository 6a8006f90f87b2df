// Latencies in the order in which they were taken: a run that warms up, drifts or stalls shows what a distribution
// hides.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <map>

#include "plots/chart.h"
#include "plots/tics.h"

namespace faultline::plots {
namespace {

constexpr std::size_t kColumns = 100;
constexpr double kRowsPerDecade = 20;

int row_of(std::uint64_t nanoseconds) {
    return static_cast<int>(
        std::floor(std::log10(static_cast<double>(std::max<std::uint64_t>(nanoseconds, 1))) * kRowsPerDecade));
}

/// 1, 2 and 5 of each decade that the rows reach.
std::string latency_tics(int first, int last) {
    static constexpr std::array<const char*, 4> kUnits = {"ns", "us", "ms", "s"};
    std::string tics;
    for (int decade = 0; decade < 12; ++decade) {
        for (const int digit : {1, 2, 5}) {
            const double row = (decade + std::log10(digit)) * kRowsPerDecade;
            if (row < first || row > last + 1) continue;
            tics += fmt::format("{}'{:.0f}{}' {:.5g}", tics.empty() ? "" : ", ", digit * std::pow(10, decade % 3),
                                kUnits[static_cast<std::size_t>(decade / 3)], row);
        }
    }
    return "set ytics (" + tics + ")";
}

}  // namespace

Expected<Picture> draw_histogram_over_time(const std::vector<RunSet>& sets, const Canvas& canvas) {
    std::vector<const Measured*> found;
    for (const RunSet& set : sets) {
        for (const RunData& run : set.runs) {
            for (const Measured& m : run.benchmarks) {
                if (!m.samples.empty()) found.push_back(&m);
            }
        }
    }
    if (found.empty()) {
        return Error{ErrorKind::kBadInput,
                     "histogram-over-time: the single latencies of these runs are not there: they "
                     "are in a run's directory, which the run must still have"};
    }
    if (found.size() > 1) {
        return Error{ErrorKind::kBadInput,
                     fmt::format("histogram-over-time: one benchmark of one run a picture, not {}: "
                                 "choose with --benchmark and --run",
                                 found.size())};
    }
    const Measured& measured = *found.front();
    const std::size_t count = measured.samples.size();
    const std::size_t columns = std::min(kColumns, count);
    std::map<std::pair<std::size_t, int>, std::size_t> cells;
    int first = row_of(measured.samples.front().nanoseconds);
    int last = first;
    for (std::size_t i = 0; i < count; ++i) {
        const int row = row_of(measured.samples[i].nanoseconds);
        ++cells[{i * columns / count, row}];
        first = std::min(first, row);
        last = std::max(last, row);
    }
    Figure figure("Latency over a run: " + measured.name, sets, canvas);
    figure.note(fmt::format("n = {} accesses in the order they were made, {:.3g} a column; colour: how many fell there",
                            count, static_cast<double>(count) / static_cast<double>(columns)));
    std::vector<std::vector<double>> rows;
    const double width = static_cast<double>(count) / static_cast<double>(columns);
    std::size_t most = 2;  // a scale from 1 to 1 is none
    for (const auto& [cell, times] : cells) {
        most = std::max(most, times);
        rows.push_back(
            {(static_cast<double>(cell.first) + 0.5) * width, cell.second + 0.5, static_cast<double>(times)});
    }
    const std::size_t index =
        figure.block(measured.name, fmt::format("access row(floor(log10(ns)*{:g})+0.5) count", kRowsPerDecade), rows);
    figure.right = 110;
    figure.set(decimal_tics("x", 0, static_cast<double>(count), ""));
    figure.set(
        fmt::format("set xrange [0:{}]\nset yrange [{}:{}]\n{}", count, first, last + 1, latency_tics(first, last)));
    figure.set("set xlabel 'access, in order'\nset ylabel 'latency'\nset logscale cb\nset cblabel 'accesses'");
    figure.set("set palette defined (0 '#deebf7', 0.5 '#4292c6', 1 '#08306b')");
    figure.set(fmt::format("set cbrange [1:{}]\nset style fill solid 1 noborder", most));
    figure.curve(
        fmt::format("index {0} using 1:2:($1-{1:.7g}):($1+{1:.7g}):($2-0.5):($2+0.5):3 with boxxyerror lc palette",
                    index, width / 2),
        "");
    return figure.picture();
}

}  // namespace faultline::plots
