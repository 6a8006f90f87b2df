// The charts that there are: each one struct that says what it shows, what it needs, and how it is drawn.
//
// A chart is drawn into text (plots/figure.h); gnuplot makes the picture of it. Thread safety: pure functions.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/expected.h"
#include "plots/figure.h"
#include "plots/run_data.h"

namespace faultline::plots {

struct Chart {
    std::string_view name;
    std::string_view shows;         ///< one line
    std::string_view needs;         ///< one line: which data
    std::string_view pattern = "";  ///< benchmarks that it is of, unless others are named
    bool raw_samples = false;       ///< needs the single latencies (LoadOptions)
    /// REQUIRES: at least one set. Error: kBadInput when the data are not there, saying what is missing.
    Expected<Picture> (*draw)(const std::vector<RunSet>& sets, const Canvas& canvas) = nullptr;
};

std::span<const Chart> charts();
/// Null when there is none of this name.
const Chart* find_chart(std::string_view name);
std::string chart_names();

Expected<Picture> draw_latency_cdf(const std::vector<RunSet>& sets, const Canvas& canvas);
Expected<Picture> draw_percentiles(const std::vector<RunSet>& sets, const Canvas& canvas);
Expected<Picture> draw_throughput(const std::vector<RunSet>& sets, const Canvas& canvas);
Expected<Picture> draw_migration(const std::vector<RunSet>& sets, const Canvas& canvas);
Expected<Picture> draw_stages(const std::vector<RunSet>& sets, const Canvas& canvas);
Expected<Picture> draw_p2p(const std::vector<RunSet>& sets, const Canvas& canvas);
Expected<Picture> draw_oversubscription(const std::vector<RunSet>& sets, const Canvas& canvas);
Expected<Picture> draw_trend(const std::vector<RunSet>& sets, const Canvas& canvas);
Expected<Picture> draw_histogram_over_time(const std::vector<RunSet>& sets, const Canvas& canvas);
Expected<Picture> draw_side_by_side(const std::vector<RunSet>& sets, const Canvas& canvas);
Expected<Picture> draw_scaling(const std::vector<RunSet>& sets, const Canvas& canvas);

}  // namespace faultline::plots
