#include "plots/run_data.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>
#include <utility>

#include "results/run_directory.h"
#include "vocabulary/metrics.h"
#include "vocabulary/skip.h"

namespace faultline::plots {
namespace {

constexpr std::size_t kShownDigits = 8;

Measured measured(results::StoredResult&& stored) {
    results::BenchmarkResult& result = stored.result;
    Measured m;
    m.boot = stored.boot;
    m.process = stored.run_uid + "/" + std::to_string(stored.process);
    m.name = results::one_line(result.name);
    m.latency = std::move(result.latency);
    for (const std::string& error : result.errors) {
        std::string& why = is_skip(error) ? m.skipped : m.error;
        if (why.empty()) why = results::one_line(std::string(is_skip(error) ? skip_reason(error) : error));
    }
    for (std::size_t i = 0; i < result.metrics.size(); ++i) {
        const std::string& metric = result.metrics[i];
        const bool is_time = metric == "real_time" || metric == "cpu_time";
        const double scale = is_time ? nanoseconds_per(result.time_unit) : 1;
        std::vector<double> values;
        for (std::size_t r = 0; r < result.repetitions(); ++r) {
            const double value = result.values[i][r] * scale;
            if (result.errors[r].empty() && std::isfinite(value)) values.push_back(value);
        }
        if (scale != 0 && !values.empty()) m.metrics.emplace(metric, std::move(values));
    }
    return m;
}

/// A run that was imported, or whose directory is gone, has no single latencies: that is no error here.
void add_samples(const results::RunInfo& info, RunData& run) {
    const std::filesystem::path directory = info.work_directory.empty() ? info.directory : info.work_directory;
    std::error_code error;
    std::vector<std::filesystem::path> files;
    if (directory.empty()) return;
    for (const auto& entry : std::filesystem::directory_iterator(directory / "latency", error)) {
        if (entry.path().extension() == ".lat") files.push_back(entry.path());
    }
    std::sort(files.begin(), files.end());
    for (const auto& path : files) {
        auto file = read_latency_file(path);
        if (!file) continue;
        const std::string name = results::one_line(file->benchmark());
        for (Measured& m : run.benchmarks) {
            if (m.name == name && m.samples.empty()) m.samples = std::move(file->samples);
        }
    }
}

}  // namespace

const std::vector<double>& Measured::of(const std::string& metric) const {
    static const std::vector<double> kNone;
    const auto it = metrics.find(metric);
    return it == metrics.end() ? kNone : it->second;
}

const Measured* RunData::find(const std::string& name) const {
    const auto it = std::find_if(benchmarks.begin(), benchmarks.end(), [&](const auto& m) { return m.name == name; });
    return it == benchmarks.end() ? nullptr : &*it;
}

std::string RunSet::fact(const std::string& key) const {
    const auto it = environment.find(key);
    return it == environment.end() || it->second.empty() ? "-" : it->second;
}

std::string RunSet::name() const {
    const bool is_path = reference.find('/') != std::string::npos;
    return is_path && runs.size() == 1 ? runs.front().uid.substr(0, kShownDigits) : reference;
}

std::vector<std::string> RunSet::benchmark_names() const {
    std::vector<std::string> names;
    std::set<std::string> seen;
    for (const RunData& run : runs) {
        for (const Measured& m : run.benchmarks) {
            if (seen.insert(m.name).second) names.push_back(m.name);
        }
    }
    return names;
}

std::vector<double> RunData::values(const std::string& benchmark, const std::string& metric) const {
    std::vector<double> all;
    for (const Measured& m : benchmarks) {
        if (m.name == benchmark) all.insert(all.end(), m.of(metric).begin(), m.of(metric).end());
    }
    return all;
}

std::vector<double> RunSet::values(const std::string& benchmark, const std::string& metric) const {
    std::vector<double> all;
    for (const RunData& run : runs) {
        const auto more = run.values(benchmark, metric);
        all.insert(all.end(), more.begin(), more.end());
    }
    return all;
}

results::LatencyHistogram RunSet::latency(const std::string& benchmark) const {
    results::LatencyHistogram merged;
    for (const RunData& run : runs) {
        for (const Measured& m : run.benchmarks) {
            if (m.name == benchmark) merged.merge(m.latency);
        }
    }
    return merged;
}

Expected<RunSet> load(const results::Store& store, const std::string& reference, const LoadOptions& options) {
    FL_ASSIGN_OR_RETURN(const auto parsed, results::parse_run_reference(reference));
    FL_ASSIGN_OR_RETURN(const auto found, store.find(parsed));
    return load_runs(store, reference, found, options);
}

Expected<RunSet> load_runs(const results::Store& store, const std::string& reference,
                           const std::vector<results::RunInfo>& runs, const LoadOptions& options) {
    const auto pattern = NamePattern::compile(options.pattern);
    if (!pattern)
        return Error{pattern.error().kind, fmt::format("--benchmark \"{}\" is not a regular expression: {}",
                                                       options.pattern, pattern.error().message)};
    RunSet set;
    set.reference = reference;
    std::map<std::string, std::set<std::string>> facts;
    std::set<std::int64_t> environments;
    for (auto info = runs.rbegin(); info != runs.rend(); ++info) {
        if (environments.insert(info->environment).second) {
            FL_ASSIGN_OR_RETURN(const auto environment, store.environment_of(*info));
            for (const auto& [key, value] : environment) facts[key].insert(value);
        }
        RunData run{info->uid, info->started_utc, {}};
        const Status read =
            store.visit(*info, {.benchmark = {}, .latencies = options.latencies}, [&](results::StoredResult&& r) {
                if (pattern->is_in(r.result.name)) {
                    run.benchmarks.push_back(measured(std::move(r)));
                }
            });
        if (!read) return read.error();
        if (options.raw_samples) add_samples(*info, run);
        set.runs.push_back(std::move(run));
    }
    for (const auto& [key, values] : facts) {
        std::string& text = set.environment[key];
        for (const std::string& value : values) text += (text.empty() ? "" : " | ") + value;
    }
    return set;
}

RunSet matching(RunSet set, const NamePattern& pattern) {
    for (RunData& run : set.runs) {
        std::erase_if(run.benchmarks, [&](const Measured& m) { return !pattern.is_in(m.name); });
    }
    return set;
}

}  // namespace faultline::plots
