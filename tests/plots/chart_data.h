// Runs made up for charts: everything that any chart needs, every number following from the names.
#pragma once

#include <fmt/format.h>

#include <string>
#include <vector>

#include "plots/run_data.h"

namespace faultline::plots {

/// What a name may hold that HTML, SVG, gnuplot or a shell would take for its own.
inline const std::string kHostile =
    R"(fault/<script>alert(1)</script>&'"`touch hacked`$(touch hacked)%s\n{/Bold x}_^@)";

inline Measured measured(const std::string& name, double rate, int repetitions = 3) {
    Measured m;
    m.name = name;
    for (int r = 0; r < repetitions; ++r) {
        const double wobble = 1 + 0.01 * r;
        m.metrics["faults_per_second"].push_back(rate * wobble);
        m.metrics["bytes_per_second"].push_back(rate * wobble * 65536);
        m.metrics["real_time"].push_back(1e9 / rate * wobble);
        m.metrics["gt.svm_pagefault_count"].push_back(100);
        m.metrics["gt.svm_64K_pagefault_us"].push_back(4000 * wobble);
        m.metrics["gt.svm_64K_migrate_us"].push_back(2500);
        m.metrics["gt.svm_device_copy_us"].push_back(1000);
        m.metrics["gt.svm_64K_get_pages_us"].push_back(300);
        m.metrics["gt.svm_64K_bind_us"].push_back(200);
        m.metrics["gt.reference_queue_wait_us"].push_back(700);
        m.metrics["gt.svm_tlb_inval_us"].push_back(150);
    }
    for (std::uint64_t i = 1; i <= 300; ++i) m.latency.add(static_cast<std::uint64_t>(1e8 / rate) + i * i);
    return m;
}

/// `speed`: what all rates are multiplied by. Runs of the same `series` and number are the same run.
inline RunData run_data(unsigned number, double speed, unsigned series = 0) {
    RunData run{fmt::format("{:016x}", 0x1234567800000000 + (series << 16) + number),
                fmt::format("2026-01-{:02}T03:04:05Z", number + 1),
                {}};
    for (const int threads : {1, 2, 4}) {
        run.benchmarks.push_back(measured(fmt::format("fault/parallelism/read/threads:{}", threads),
                                          speed * 10000 * (1 + 0.5 * (threads - 1))));
    }
    for (const char* size : {"4K", "64K", "2M"}) {
        run.benchmarks.push_back(measured(fmt::format("migration/to_device/fault/size:{}", size), speed * 20000));
    }
    for (const char* vram : {"0.5x", "1.5x", "4x"}) {
        run.benchmarks.push_back(measured(fmt::format("migration/eviction/oversubscription:{}", vram), speed * 5000));
    }
    for (const int from : {0, 1}) {
        run.benchmarks.push_back(measured(fmt::format("p2p/copy/one/from:{}/to:{}", from, 1 - from), speed * 30000));
    }
    run.benchmarks.push_back(measured(kHostile, speed * 7000));
    for (std::uint64_t i = 0; i < 500; ++i) run.benchmarks.back().samples.push_back({0, i, 2000 + (i * 7919) % 9000});
    for (Measured& m : run.benchmarks) m.process = run.uid;
    return run;
}

inline RunSet run_set(const std::string& reference, unsigned runs, double speed, const std::string& policy) {
    RunSet set;
    set.reference = reference;
    set.environment = {{"device", "Faultline reference (model: native)"},
                       {"policy", policy},
                       {"model", "native"},
                       {"env_kernel_release", "6.19.0"}};
    for (unsigned n = 0; n < runs; ++n) {
        set.runs.push_back(run_data(n, speed * (1 + 0.02 * n), static_cast<unsigned char>(reference.back())));
    }
    return set;
}

/// The benchmarks of a set whose names hold `part`.
inline RunSet only(RunSet set, const std::string& part) {
    for (RunData& run : set.runs) {
        std::erase_if(run.benchmarks, [&](const Measured& m) { return m.name.find(part) == std::string::npos; });
    }
    return set;
}

/// Enough runs a side for verdicts. The second is better, but for the hostile benchmark, which is worse, and one that
/// is the same.
inline std::vector<RunSet> compared_sets() {
    RunSet a = run_set("A", 6, 1, "xe-7.0");
    RunSet b = run_set("B", 6, 1.3, "fine-grained");
    const auto set_times = [](RunSet& set, const std::string& benchmark, double time) {
        for (std::size_t r = 0; r < set.runs.size(); ++r) {
            for (Measured& m : set.runs[r].benchmarks) {
                if (m.name == benchmark) m.metrics["real_time"].assign(3, time * (1 + 0.0001 * static_cast<double>(r)));
            }
        }
    };
    set_times(b, kHostile, 3e5);
    for (RunSet* set : {&a, &b}) {
        set_times(*set, "migration/to_device/fault/size:64K", 1e6);
        for (std::size_t r = 0; r < set->runs.size(); ++r) {
            for (Measured& m : set->runs[r].benchmarks) m.boot = fmt::format("{}{}", set->reference, r);
        }
    }
    return {std::move(a), std::move(b)};
}

/// What each chart is drawn of in tests.
inline std::vector<RunSet> sets_for(const std::string& chart) {
    const RunSet a = run_set("A", 1, 1, "xe-7.0");
    const RunSet b = run_set("label:b", 2, 1.3, "fine-grained");
    if (chart == "p2p") return {only(a, "p2p/")};
    if (chart == "oversubscription") return {only(a, "oversubscription:"), only(b, "oversubscription:")};
    if (chart == "migration") return {only(a, "size:"), only(b, "size:")};
    if (chart == "histogram-over-time") return {only(a, kHostile)};
    if (chart == "trend") {
        RunSet stepped = run_set("label:n", 12, 1, "xe-7.0");
        for (unsigned n = 6; n < 12; ++n) stepped.runs[n] = run_data(n, 0.6);
        return {only(stepped, kHostile)};
    }
    if (chart == "side-by-side") return compared_sets();
    if (chart == "latency-cdf" || chart == "percentiles") return {only(a, kHostile), only(b, kHostile)};
    return {only(a, "parallelism"), only(b, "parallelism")};
}

}  // namespace faultline::plots
