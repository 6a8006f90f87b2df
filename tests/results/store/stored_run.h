// Runs as a writer would store them, whose every number follows from the names: a reader can tell a whole benchmark
// from a half one.
#pragma once

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <functional>
#include <string>

#include "results/store/store.h"

namespace faultline::results {

/// Deterministic in `run` and `benchmark`.
inline BenchmarkResult result_of(std::uint64_t run, std::uint64_t benchmark, std::size_t repetitions = 3,
                                 std::size_t counters = 20) {
    BenchmarkResult result;
    result.name = fmt::format("fault/family_{}/case:{}", benchmark / 50, benchmark);
    result.metrics = {"iterations", "real_time", "cpu_time", "faults_per_second"};
    for (std::size_t i = 0; i < counters; ++i) result.metrics.push_back(fmt::format("gt.svm_{}_us", i));
    result.errors.resize(repetitions);
    for (std::size_t m = 0; m < result.metrics.size(); ++m) {
        std::vector<double>& row = result.values.emplace_back();
        for (std::size_t r = 0; r < repetitions; ++r) {
            row.push_back(static_cast<double>(run * 1'000'003 + benchmark * 1009 + m * 31 + r + 1));
        }
    }
    for (std::uint64_t i = 0; i < 200; ++i) result.latency.add(1000 + run % 97 + benchmark * 7 + i * i * 11);
    return result;
}

inline NewRun new_run(std::uint64_t number, const std::string& label = "") {
    NewRun run;
    run.uid = fmt::format("{:016x}", number * 0x9e3779b97f4a7c15);
    run.label = label;
    run.suite = "quick";
    run.started_utc = fmt::format("2026-01-{:02}T{:02}:{:02}:{:02}Z", 1 + number / 86400 % 28, number / 3600 % 24,
                                  number / 60 % 60, number % 60);
    run.context = {{"date", "2026-01-01T00:00:00+00:00"},
                   {"num_cpus", 4},
                   {"device", "Faultline reference (model: native)"},
                   {"policy", number % 2 == 0 ? "xe-7.0" : "fine-grained"},
                   {"model", "native"},
                   {"env_kernel_release", fmt::format("6.{}.0", 18 + number % 3)}};
    return run;
}

/// Stores a whole run of `benchmarks` benchmarks.
inline Status store_run(Store& store, std::uint64_t number, std::uint64_t benchmarks, const std::string& label = "") {
    const Expected<RunId> run = store.begin_run(new_run(number, label));
    if (!run) return run.error();
    FamilyRecord family;
    family.family = "fault/family_0";
    family.state = "ok";
    family.benchmarks = benchmarks;
    const Expected<ProcessId> process = store.begin_process(*run, fmt::format("boot-{}", number / 2), family);
    if (!process) return process.error();
    for (std::uint64_t b = 0; b < benchmarks; ++b) {
        if (Status s = store.add_result(*run, *process, result_of(number, b)); !s) return s;
    }
    if (Status s = store.end_process(*process, family); !s) return s;
    return store.end_run(*run, RunState::kComplete, 1, "");
}

inline void expect_same(const BenchmarkResult& a, const BenchmarkResult& b) {
    EXPECT_EQ(a.name, b.name);
    EXPECT_EQ(a.metrics, b.metrics) << a.name;
    EXPECT_EQ(a.values, b.values) << a.name;
    EXPECT_EQ(a.errors, b.errors) << a.name;
    EXPECT_EQ(a.latency, b.latency) << a.name;
}

}  // namespace faultline::results
