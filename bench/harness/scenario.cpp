#include "bench/harness/scenario.h"

#include <benchmark/benchmark.h>

#include <cstdlib>
#include <map>

#include "bench/harness/stages.h"
#include "device/latency_recorder.h"
#include "vocabulary/environment_variables.h"

namespace faultline::bench {
namespace {

using benchmark::Counter;
using device::GtCounters;

std::string latency_directory() {
    const char* directory = std::getenv(env::kLatencyDirectory);
    return directory == nullptr ? "" : directory;
}

/// One registered benchmark over all calls of its function.
class Run {
public:
    Run(device::Session& session, ScenarioPlan plan)
        : session_(session), plan_(std::move(plan)), recorder_(header(), latency_directory()) {}

    void call(benchmark::State& state) {
        const auto scenario = plan_.open(session_);
        if (!scenario) return state.SkipWithError(session_.explain(scenario.error()).message.c_str());
        recorder_.begin(state.max_iterations);
        totals_ = {};
        for (auto _ : state) {
            const Expected<Sample> sample = (*scenario)->iterate();
            if (!sample) return state.SkipWithError(session_.explain(sample.error()).message.c_str());
            state.SetIterationTime(sample->seconds);
            add(*sample);
        }
        if (Status s = recorder_.write(); !s) return state.SkipWithError(s.error().message.c_str());
        report(state);
    }

private:
    struct Totals {
        Bytes bytes;
        GtCounters moved;
        std::optional<std::uint64_t> ranges;
        std::map<std::string, double> figures;
    };

    LatencyHeader header() const {
        return {plan_.name.text(), session_.device().name(), session_.policy(), session_.model()};
    }

    void add(const Sample& sample) {
        recorder_.record(sample.latencies_ns);
        totals_.bytes = totals_.bytes + sample.bytes;
        totals_.moved.add(sample.moved);
        if (sample.ranges) totals_.ranges = totals_.ranges.value_or(0) + *sample.ranges;
        for (const auto& [name, value] : sample.figures) totals_.figures[name] += value;
    }

    void report(benchmark::State& state) const {
        if (const auto faults = totals_.moved.value("svm_pagefault_count")) {
            state.counters["faults"] = Counter(static_cast<double>(*faults), Counter::kAvgIterations);
            state.counters["faults_per_second"] = Counter(static_cast<double>(*faults), Counter::kIsRate);
        }
        if (totals_.bytes.count > 0) state.SetBytesProcessed(static_cast<std::int64_t>(totals_.bytes.count));

        if (const device::LatencySummary latency = recorder_.summary(); latency.samples > 0) {
            const std::pair<const char*, std::uint64_t> figures[] = {
                {"latency_min_ns", latency.min},     {"latency_p50_ns", latency.p50},   {"latency_p90_ns", latency.p90},
                {"latency_p99_ns", latency.p99},     {"latency_p999_ns", latency.p999}, {"latency_max_ns", latency.max},
                {"latency_samples", latency.samples}};
            for (const auto& [name, value] : figures) state.counters[name] = static_cast<double>(value);
        }
        for (const auto& [name, sum] : totals_.figures) state.counters[name] = Counter(sum, Counter::kAvgIterations);
        for (const GtCounters::Counter& c : totals_.moved.all()) {
            if (c.value == 0) continue;
            state.counters["gt." + c.name] = Counter(static_cast<double>(c.value), Counter::kAvgIterations);
        }
        if (const auto& ranges = totals_.ranges)
            state.counters["ranges"] = Counter(static_cast<double>(*ranges), Counter::kAvgIterations);
        const StageTimes stages =
            totals_.ranges ? stages_per_range(totals_.moved, *totals_.ranges) : stages_per_fault(totals_.moved);
        for (const auto& [name, us] : stages) state.counters[name] = us;
        state.SetLabel(session_.label() + (plan_.note.empty() ? "" : " " + plan_.note));
    }

    device::Session& session_;
    const ScenarioPlan plan_;
    device::LatencyRecorder recorder_;
    Totals totals_;
};

}  // namespace

void register_scenario(device::Registration& registration, ScenarioPlan plan) {
    const BenchmarkName name = plan.name;
    const std::int64_t iterations = plan.iterations;
    std::function<void(benchmark::State&)> function;
    if (registration.session() != nullptr) {
        function = [run = std::make_shared<Run>(*registration.session(), std::move(plan))](benchmark::State& state) {
            run->call(state);
        };
    }
    registration.add(name, std::move(function), iterations);
}

}  // namespace faultline::bench
