// Where a fault's time goes: the stages of vocabulary/fault_stages.h by the driver's own counters.
//
// Of each stage what no other holds, one after another: the wait in the queue, then the parts of the service, of which
// the rest is locking, lookup and waiting. TLB invalidations may be part of any of them, or of none, and have a narrow
// bar of their own. Times are divided by the faults served.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <numeric>

#include "plots/chart.h"
#include "plots/spread.h"
#include "vocabulary/fault_stages.h"

namespace faultline::plots {
namespace {

constexpr std::size_t kBars = 24;
struct Bar {
    std::string benchmark;
    std::string shown;  ///< beside the bar: the benchmark, below it the further sets
    std::array<double, kFaultStages.size()> microseconds{};  ///< a fault, of each stage's own part
    std::size_t count = 0;
};

constexpr std::string_view kRest = "pagefault";
constexpr std::string_view kBeside = "tlb_inval";

double total(const RunSet& set, const std::string& benchmark, const FaultStage& stage) {
    double sum = 0;
    for (const std::string_view counter : stage.counters()) {
        const auto values = set.values(benchmark, std::string("gt.").append(counter));
        if (!values.empty()) sum += spread_of(values).median;
    }
    return sum;
}

/// Nothing when the counters are not there or nothing faulted.
bool measure(const RunSet& set, const std::string& benchmark, Bar& bar) {
    const auto faults = set.values(benchmark, "gt.svm_pagefault_count");
    const double count = faults.empty() ? 0 : spread_of(faults).median;
    if (count <= 0) return false;
    std::map<std::string_view, double> own;
    for (const FaultStage& stage : kFaultStages) own[stage.name] = total(set, benchmark, stage) / count;
    if (own[kRest] <= 0) return false;
    const std::map<std::string_view, double> whole = own;
    for (const FaultStage& stage : kFaultStages)
        if (!stage.within.empty()) own[stage.within] -= whole.at(stage.name);
    for (std::size_t s = 0; s < kFaultStages.size(); ++s)
        bar.microseconds[s] = std::max(0.0, own[kFaultStages[s].name]);
    bar.count = faults.size();
    return true;
}

/// Indices of the stages in the order of a bar: the rest last, but for what has a bar of its own.
std::vector<std::size_t> order() {
    std::vector<std::size_t> indices(kFaultStages.size());
    std::iota(indices.begin(), indices.end(), std::size_t{0});
    const auto rank = [](std::size_t s) {
        return kFaultStages[s].name == kBeside ? 2 : kFaultStages[s].name == kRest ? 1 : 0;
    };
    std::stable_sort(indices.begin(), indices.end(), [&](std::size_t a, std::size_t b) { return rank(a) < rank(b); });
    return indices;
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
    const std::vector<std::size_t> stages = order();
    std::vector<std::string> rows;
    double longest = 0;
    for (std::size_t b = 0; b < bars.size(); ++b) {
        std::string row = fmt::format("{}", b);
        double end = 0;
        for (const std::size_t s : stages) {
            const double begin = kFaultStages[s].name == kBeside ? 0 : end;
            end = begin + bars[b].microseconds[s];
            longest = std::max(longest, end);
            row += fmt::format(" {:.7g} {:.7g}", begin, end);
        }
        rows.push_back(row + " # " + bars[b].benchmark);
    }
    std::string columns = "row, then begin and end of each:";
    for (const std::size_t s : stages) columns.append(" ").append(kFaultStages[s].name);
    std::string tics;
    for (std::size_t b = 0; b < bars.size(); ++b) {
        tics += (b == 0 ? "" : ", ") + gp_tic(shortened(bars[b].shown, figure.name_length()), static_cast<double>(b));
    }
    const std::size_t index = figure.text_block("stages of a fault (us), of each what no other holds", columns, rows);
    figure.set(fmt::format("set yrange [{}:-0.6]\nset ytics ({}) font ',10'\nset grid noytics",
                           static_cast<double>(bars.size()) - 0.4, tics));
    figure.set(fmt::format("set xrange [0:{:.7g}]\nset xlabel 'microseconds a fault'\nset style fill solid 1 noborder",
                           longest * 1.05));
    for (std::size_t i = 0; i < stages.size(); ++i) {
        const FaultStage& stage = kFaultStages[stages[i]];
        const bool beside = stage.name == kBeside;
        figure.curve(fmt::format("index {0} using {1}:1:{1}:{2}:($1{3}):($1{4}) with boxxyerror lc rgb '{5}'", index,
                                 2 + 2 * i, 3 + 2 * i, beside ? "+0.29" : "-0.35", beside ? "+0.42" : "+0.25",
                                 stage.name == kRest ? "#bbbbbb" : colour(i)),
                     std::string(stage.own));
    }
    return figure.picture();
}

}  // namespace faultline::plots
