#include "bench/fault/fault_benchmark.h"

#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <memory>
#include <optional>

#include "device/latency_recorder.h"

namespace faultline::bench {
namespace {

using benchmark::Counter;
using device::ColdBuffer;
using device::GtCounters;

constexpr const char* kFaultCounter = "svm_pagefault_count";

/// What one iteration yields.
struct Measured {
    double seconds = 0;
    GtCounters moved;
    Bytes bytes;
    std::vector<std::uint64_t> latencies_ns;
};

/// One registered benchmark over all calls of its function.
class FaultBenchmark {
public:
    FaultBenchmark(device::Session& session, FaultPlan plan)
        : session_(session), plan_(std::move(plan)), recorder_(header(), latency_directory()) {}

    void run(benchmark::State& state) {
        if (Status s = prepare(); !s) return state.SkipWithError(s.error().message.c_str());
        recorder_.begin(state.max_iterations);
        GtCounters moved;
        Bytes bytes;
        for (auto _ : state) {
            Expected<Measured> once = iterate();
            if (!once) {
                state.SkipWithError(session_.explain(once.error()).message.c_str());
                return;
            }
            state.SetIterationTime(once->seconds);
            recorder_.record(once->latencies_ns);
            moved.add(once->moved);
            bytes = bytes + once->bytes;
        }
        if (Status s = recorder_.write(); !s) return state.SkipWithError(s.error().message.c_str());
        report(state, moved, bytes);
    }

private:
    device::LatencyHeader header() const {
        // Google Benchmark adds the kind of time to the name.
        return {plan_.name + "/manual_time", session_.device().name(), session_.policy(), session_.model()};
    }

    static std::string latency_directory() {
        const char* directory = std::getenv(device::kEnvLatencyDir);
        return directory == nullptr ? "" : directory;
    }

    Status prepare() {
        if (kernel_) return {};
        std::size_t accesses = 0;
        for (const Sweep& sweep : plan_.sweeps) accesses += sweep.accesses;
        Expected<TouchKernel> kernel = TouchKernel::create(session_, plan_.access, accesses);
        if (!kernel) return kernel.error();
        kernel_.emplace(*std::move(kernel));
        return {};
    }

    Expected<Measured> iterate() {
        Expected<ColdBuffer> buffer = plan_.make_cold();
        if (!buffer) return buffer.error();
        Expected<GtCounters> before = session_.gt_counters();
        if (!before) return before.error();

        const auto start = std::chrono::steady_clock::now();
        if (Status s = submit(*buffer); !s) return s.error();
        if (Status s = session_.event().wait(); !s) return s.error();
        const auto end = std::chrono::steady_clock::now();

        Expected<GtCounters> after = session_.gt_counters();
        if (!after) return after.error();
        if (Status s = session_.event().reset(); !s) return s.error();
        if (Status s = kernel_->fetch(session_.queue(), session_.event()); !s) return s.error();
        for (const Sweep& sweep : plan_.sweeps) {
            if (Status s = kernel_->verify(*buffer, sweep); !s) return s.error();
        }

        Expected<GtCounters> moved = after->since(*before);
        if (!moved) return moved.error();
        if (!moved->value(kFaultCounter)) {
            return Error{ErrorKind::kUnavailable, fmt::format("the GT counters have no {}", kFaultCounter)};
        }
        Measured measured;
        measured.seconds = std::chrono::duration<double>(end - start).count();
        measured.bytes = bytes_made_accessible(*moved, buffer->size());
        measured.moved = *std::move(moved);
        for (const std::uint64_t cycles : kernel_->cycles()) {
            measured.latencies_ns.push_back(session_.clock().to_ns(cycles));
        }
        return measured;
    }

    Status submit(const ColdBuffer& buffer) {
        device::CommandList& queue = session_.queue();
        for (std::size_t i = 0; i < plan_.sweeps.size(); ++i) {
            const bool last = i + 1 == plan_.sweeps.size();
            if (i > 0) {
                if (Status s = queue.barrier(); !s) return s;
            }
            if (Status s = kernel_->launch(queue, buffer, plan_.sweeps[i], last ? &session_.event() : nullptr); !s) {
                return s;
            }
        }
        return {};
    }

    void report(benchmark::State& state, const GtCounters& moved, Bytes bytes) const {
        const auto faults = static_cast<double>(moved.value(kFaultCounter).value_or(0));
        state.counters["faults"] = Counter(faults, Counter::kAvgIterations);
        state.counters["faults_per_second"] = Counter(faults, Counter::kIsRate);
        state.SetBytesProcessed(static_cast<std::int64_t>(bytes.count));

        const device::LatencySummary latency = recorder_.summary();
        const std::pair<const char*, std::uint64_t> figures[] = {
            {"latency_min_ns", latency.min},     {"latency_p50_ns", latency.p50},   {"latency_p90_ns", latency.p90},
            {"latency_p99_ns", latency.p99},     {"latency_p999_ns", latency.p999}, {"latency_max_ns", latency.max},
            {"latency_samples", latency.samples}};
        for (const auto& [name, value] : figures) state.counters[name] = static_cast<double>(value);

        for (const GtCounters::Counter& c : moved.all()) {
            if (c.value == 0) continue;
            state.counters["gt." + c.name] = Counter(static_cast<double>(c.value), Counter::kAvgIterations);
        }
        state.SetLabel(session_.label() + " " + plan_.memory);
    }

    device::Session& session_;
    FaultPlan plan_;
    device::LatencyRecorder recorder_;
    std::optional<TouchKernel> kernel_;
};

}  // namespace

void register_fault_benchmark(const device::Registration& registration, FaultPlan plan) {
    const std::string name = plan.name;
    if (registration.session == nullptr) {
        benchmark::RegisterBenchmark(name.c_str(), [](benchmark::State& state) {
            state.SkipWithError("registered to be listed only");
        })->UseManualTime();
        return;
    }
    auto measure = std::make_shared<FaultBenchmark>(*registration.session, std::move(plan));
    benchmark::RegisterBenchmark(name.c_str(), [measure](benchmark::State& state) {
        measure->run(state);
    })->UseManualTime();
}

std::vector<std::uint32_t> thread_counts(unsigned hardware_threads) {
    std::vector<std::uint32_t> counts;
    for (std::uint32_t n = 1; n < hardware_threads; n *= 2) counts.push_back(n);
    counts.push_back(hardware_threads);
    return counts;
}

std::string size_name(Bytes size) {
    return size.count >= 1u << 20 ? fmt::format("{}M", size.count >> 20) : fmt::format("{}K", size.count >> 10);
}

Bytes bytes_made_accessible(const GtCounters& delta, Bytes at_most) {
    std::uint64_t bytes = 0;
    for (const Bytes size : {Bytes{4u << 10}, Bytes{64u << 10}, Bytes{2u << 20}}) {
        const std::string prefix = "svm_" + size_name(size);
        const std::uint64_t faults = delta.value(prefix + "_pagefault_count").value_or(0);
        const std::uint64_t valid = delta.value(prefix + "_valid_pagefault_count").value_or(0);
        bytes += (faults - std::min(faults, valid)) * size.count;
    }
    return std::min(Bytes{bytes}, at_most);
}

}  // namespace faultline::bench
