#include "results/store/sample_reader.h"

#include <cmath>
#include <map>
#include <set>
#include <utility>

#include "vocabulary/metrics.h"

namespace faultline::results {
namespace {

/// Puts results into series, in the order in which benchmarks and metrics first appear.
class Collector {
public:
    Collector(SampleSet& set, const SampleFilter& filter) : set_(set), filter_(filter) {}

    void take(const StoredResult& stored) {
        const BenchmarkResult& result = stored.result;
        const std::string process = stored.run_uid + "/" + std::to_string(stored.process);
        for (std::size_t m = 0; m < result.metrics.size(); ++m) {
            const std::string& metric = result.metrics[m];
            if (!filter_.metric.empty() && metric != filter_.metric) continue;
            const bool is_time = metric == "real_time" || metric == "cpu_time";
            const double scale = is_time ? nanoseconds_per(result.time_unit) : 1;
            if (scale == 0) continue;  // a time in an unknown unit is no sample
            Series* series = nullptr;
            for (std::size_t r = 0; r < result.repetitions(); ++r) {
                const double value = result.values[m][r];
                if (!result.errors[r].empty() || std::isnan(value)) continue;
                if (series == nullptr) series = &series_of(result.name, metric);
                series->samples.push_back({stored.boot, process, static_cast<int>(r), value * scale});
            }
        }
    }

private:
    Series& series_of(const std::string& benchmark, const std::string& metric) {
        auto& metrics = index_[benchmark];
        const auto [it, is_new] = metrics.emplace(metric, set_.series.size());
        if (is_new) set_.series.push_back({benchmark, metric_of(metric), {}});
        return set_.series[it->second];
    }

    SampleSet& set_;
    const SampleFilter& filter_;
    std::map<std::string, std::map<std::string, std::size_t>> index_;
};

}  // namespace

Expected<SampleSet> samples_of(const Store& store, const std::string& reference, const SampleFilter& filter) {
    FL_ASSIGN_OR_RETURN(const auto parsed, parse_run_reference(reference));
    const Expected<std::vector<RunInfo>> runs = store.find(parsed);
    if (!runs) return runs.error();
    return samples_of_runs(store, reference, *runs, filter);
}

Expected<SampleSet> samples_of_runs(const Store& store, const std::string& label, const std::vector<RunInfo>& runs,
                                    const SampleFilter& filter) {
    SampleSet set{.label = label, .environment = {}, .series = {}};
    std::map<std::string, std::set<std::string>> facts;
    std::set<std::int64_t> environments;
    Collector collector(set, filter);
    for (auto run = runs.rbegin(); run != runs.rend(); ++run) {
        if (environments.insert(run->environment).second) {
            FL_ASSIGN_OR_RETURN(const auto environment, store.environment_of(*run));
            for (const auto& [key, value] : environment) facts[key].insert(value);
        }
        const Status read = store.visit(*run, {.benchmark = filter.benchmark, .latencies = false},
                                        [&](StoredResult&& stored) { collector.take(stored); });
        if (!read) return read.error();
    }
    for (const auto& [key, values] : facts) {
        std::string& text = set.environment[key];
        for (const std::string& value : values) text += (text.empty() ? "" : " | ") + value;
    }
    return set;
}

}  // namespace faultline::results
