// Where a fault's time goes: the driver's own counters of its stages, stacked.
//
// The counters nest as in the kernel: svm_<size>_pagefault_us is all of the handling; within it are migrate_us (of
// which device_copy_us is the copy itself), get_pages_us and bind_us. What is left is locking, lookup and waiting. The
// times of all sizes are added and divided by the faults served.
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "plots/chart.h"
#include "plots/spread.h"

namespace faultline::plots {
namespace {

constexpr std::size_t kBars = 24;
constexpr std::array<const char*, 3> kSizes = {"4K", "64K", "2M"};
constexpr std::array<const char*, 5> kStages = {"copy to device", "migrate, without the copy", "get pages", "bind",
                                                "rest: locks, lookup, waiting"};

struct Bar {
    std::string benchmark;
    std::string shown;  ///< beside the bar: the benchmark, below it the further sets
    std::array<double, kStages.size()> microseconds{};
    std::size_t count = 0;
};

double total(const RunSet& set, const std::string& benchmark, const char* stage) {
    double sum = 0;
    for (const char* size : kSizes) {
        const auto values = set.values(benchmark, fmt::format("gt.svm_{}_{}", size, stage));
        if (!values.empty()) sum += spread_of(values).median;
    }
    return sum;
}

/// Nothing when the counters are not there or nothing faulted.
bool measure(const RunSet& set, const std::string& benchmark, Bar& bar) {
    const auto faults = set.values(benchmark, "gt.svm_pagefault_count");
    const double all = total(set, benchmark, "pagefault_us");
    if (faults.empty() || all <= 0) return false;
    const double count = spread_of(faults).median;
    if (count <= 0) return false;
    const double copy = total(set, benchmark, "device_copy_us");
    const double migrate = std::max(0.0, total(set, benchmark, "migrate_us") - copy);
    const double pages = total(set, benchmark, "get_pages_us");
    const double bind = total(set, benchmark, "bind_us");
    const double rest = std::max(0.0, all - copy - migrate - pages - bind);
    bar.microseconds = {copy / count, migrate / count, pages / count, bind / count, rest / count};
    bar.count = faults.size();
    return true;
}

}  // namespace

Expected<Picture> draw_stages(const std::vector<RunSet>& sets, const Canvas& canvas) {
    std::vector<Bar> bars;
    std::vector<std::string> names;
    for (const RunSet& set : sets) {
        for (const std::string& name : set.benchmark_names()) {
            if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
        }
    }
    for (const std::string& name : names) {  // the sets of a benchmark beside each other
        for (const RunSet& set : sets) {
            const bool is_first = bars.empty() || bars.back().benchmark != name;
            Bar bar{name, is_first ? name : "", {}, 0};
            if (sets.size() > 1 && &set != &sets.front()) bar.shown += (is_first ? " " : "") + set.name();
            if (measure(set, name, bar)) bars.push_back(std::move(bar));
        }
    }
    if (bars.empty()) {
        return Error{ErrorKind::kBadInput,
                     "stages: these runs have no counters of the stages of a fault "
                     "(gt.svm_*_pagefault_us, which need the driver's GT statistics)"};
    }
    if (bars.size() > kBars) {
        return Error{
            ErrorKind::kBadInput,
            fmt::format("stages: {} bars, of which {} fit: choose fewer with --benchmark", bars.size(), kBars)};
    }
    const auto [fewest, most] =
        std::minmax_element(bars.begin(), bars.end(), [](const Bar& a, const Bar& b) { return a.count < b.count; });
    Figure figure("Where the time of a fault goes, by the driver's counters", sets, canvas);
    figure.note(fmt::format("medians of n = {} repetitions; all handling of a benchmark / faults served",
                            fewest->count == most->count ? std::to_string(most->count)
                                                         : fmt::format("{} to {}", fewest->count, most->count)));
    if (sets.size() > 1) figure.note("a bar beside a benchmark's name alone: " + sets.front().name());
    figure.make_room_for_names();
    constexpr unsigned kKeyFits = 110;  // gnuplot gives a key no more room than the plot has
    figure.plot_height = std::max(kKeyFits, 24 + 20 * static_cast<unsigned>(bars.size()));
    std::vector<std::string> rows;
    double longest = 0;
    for (std::size_t b = 0; b < bars.size(); ++b) {
        std::string row = fmt::format("{}", b);
        double end = 0;
        for (const double us : bars[b].microseconds) {
            row += fmt::format(" {:.7g} {:.7g}", end, end + us);
            end += us;
        }
        longest = std::max(longest, end);
        rows.push_back(row + " # " + bars[b].benchmark);
    }
    std::string tics;
    for (std::size_t b = 0; b < bars.size(); ++b) {
        tics += (b == 0 ? "" : ", ") + gp_tic(shortened(bars[b].shown, figure.name_length()), static_cast<double>(b));
    }
    const std::size_t index = figure.text_block(
        "stages of a fault (us)", "row, then begin and end of each: copy migrate get_pages bind rest", rows);
    figure.set(fmt::format("set yrange [{}:-0.6]\nset ytics ({}) font ',10'\nset grid noytics",
                           static_cast<double>(bars.size()) - 0.4, tics));
    figure.set(fmt::format("set xrange [0:{:.7g}]\nset xlabel 'microseconds a fault'\nset style fill solid 1 noborder",
                           longest * 1.05));
    for (std::size_t s = 0; s < kStages.size(); ++s) {
        figure.curve(fmt::format("index {0} using {1}:1:{1}:{2}:($1-0.35):($1+0.35) with boxxyerror lc rgb '{3}'",
                                 index, 2 + 2 * s, 3 + 2 * s, s + 1 == kStages.size() ? "#bbbbbb" : colour(s)),
                     kStages[s]);
    }
    return figure.picture();
}

}  // namespace faultline::plots
