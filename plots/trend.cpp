#include "plots/trend.h"

#include "plots/verdict.h"

namespace faultline::plots {

Trend trend_of(const RunSet& set, const std::string& benchmark) {
    Trend trend;
    std::vector<double> medians;
    for (const RunData& run : set.runs) {
        const std::vector<double> values = run.values(benchmark, kCompared);
        if (values.empty()) continue;
        medians.push_back(spread_of(values).median);
        trend.nights.push_back({run.started_utc, medians.back(), median_interval(values), values.size()});
    }
    trend.steps = results::change_points(medians);
    return trend;
}

}  // namespace faultline::plots
