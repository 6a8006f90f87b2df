#include "results/compare/index.h"

#include <algorithm>
#include <set>

namespace faultline::results {
namespace {

std::set<std::string> processes_of(const SampleSet& set) {
    std::set<std::string> found;
    for (const Series& series : set.series) {
        const std::string* last = nullptr;  // samples of a process follow each other
        for (const Sample& sample : series.samples) {
            if (last == nullptr || sample.process != *last) found.insert(sample.process);
            last = &sample.process;
        }
    }
    return found;
}

}  // namespace

SeriesIndex::SeriesIndex(const SampleSet& set) {
    for (const Series& series : set.series) {
        if (series.samples.empty()) continue;
        const auto [it, is_new] = metrics_.try_emplace(series.benchmark);
        if (is_new) benchmarks_.push_back(series.benchmark);
        it->second.emplace(series.metric.name, &series);
    }
}

const Metrics& SeriesIndex::metrics(const std::string& benchmark) const {
    static const Metrics kNone;
    const auto it = metrics_.find(benchmark);
    return it == metrics_.end() ? kNone : it->second;
}

const Series* find(const Metrics& metrics, const std::string& metric) {
    const auto it = metrics.find(metric);
    return it == metrics.end() ? nullptr : it->second;
}

std::vector<std::string> benchmarks_of_both(const SeriesIndex& a, const SeriesIndex& b) {
    std::vector<std::string> all = a.benchmarks();
    for (const std::string& benchmark : b.benchmarks()) {
        if (a.metrics(benchmark).empty()) all.push_back(benchmark);
    }
    return all;
}

std::size_t shared_processes(const SampleSet& a, const SampleSet& b) {
    const std::set<std::string> of_a = processes_of(a);
    const std::set<std::string> of_b = processes_of(b);
    return static_cast<std::size_t>(
        std::count_if(of_a.begin(), of_a.end(), [&](const std::string& process) { return of_b.contains(process); }));
}

}  // namespace faultline::results
