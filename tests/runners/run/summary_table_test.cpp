#include "runners/run/summary_table.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>

namespace faultline::runners {
namespace {

using results::Json;

Json benchmark(const std::string& name, double rate, double p50) {
    return Json{{"name", name},
                {"run_name", name},
                {"run_type", "iteration"},
                {"real_time", 1.0},
                {"cpu_time", 1.0},
                {"faults_per_second", rate},
                {"latency_p50_ns", p50},
                {"latency_p99_ns", p50 * 10},
                {"latency_p999_ns", p50 * 100},
                {"latency_max_ns", p50 * 1000},
                {"bytes_per_second", rate * 4096}};
}

results::BenchmarkReport report() {
    results::BenchmarkReport r;
    r.benchmarks = {benchmark("fault/first_touch/atomic/cpu_touched/stride:64K", 123456, 1530),
                    benchmark("fault/first_touch/atomic/cpu_touched/stride:64K", 100000, 1610),
                    benchmark("fault/parallelism/read/threads:32", 1e6, 42)};
    r.benchmarks.push_back({{"name", "fault/parallelism/read/threads:64"},
                            {"run_name", "fault/parallelism/read/threads:64"},
                            {"run_type", "iteration"},
                            {"error_occurred", true},
                            {"error_message", "crashed: killed by signal 11 (Segmentation fault)"}});
    r.benchmarks.push_back({{"name", "workload/bfs/karate/svm"},
                            {"run_name", "workload/bfs/karate/svm"},
                            {"run_type", "iteration"},
                            {"real_time", 1.0},
                            {"cpu_time", 1.0}});
    return r;
}

results::Manifest manifest() {
    results::Manifest m;
    m.suite = "quick";
    m.seconds = 71;
    m.device = {.kind = "reference",
                .index = 0,
                .name = "Faultline reference",
                .driver_version = "0.1.0",
                .policy = "xe-7.0",
                .model = "native",
                .monitor = "uffd+move"};
    return m;
}

constexpr const char* kWide = R"table(suite quick: 4 benchmarks, 1 failed, 1 min 11 s
device: Faultline reference (reference:0), policy: xe-7.0, model: native
A software GPU on this host: every time below is modelled (model: native), not a real GPU's.

                                faults/s  vary     p50     p99   p99.9     max    B/s
fault/first_touch
 atomic/cpu_touched/stride:64K      112k   21%  1.57us  15.7us   157us  1.61ms   458M
fault/parallelism
 read/threads:32                   1.00M     -    42ns   420ns  4.20us  42.0us  4.10G
workload/bfs
 karate/svm                            -     -       -       -       -       -      -

Medians over repetitions; max: the largest of all; vary: (max - min) / median of the rate.
Latencies: of every access, faulting or not, call or launch, whichever a family measures.

failed or not run:
  fault/parallelism/read/threads:64: crashed: killed by signal 11 (Segmentation fault)
)table";

TEST(SummaryTable, Golden) { EXPECT_EQ(summary_text(manifest(), report(), 100), kWide); }

TEST(SummaryTable, TheTableFitsEightyColumns) {
    std::istringstream text(summary_text(manifest(), report(), 80));
    bool in_table = false;
    for (std::string line; std::getline(text, line);) {
        if (line.find("faults/s") != std::string::npos) in_table = true;
        if (line.empty()) in_table = false;
        if (in_table) {
            EXPECT_LE(line.size(), 80u) << line;
        }
    }
}

TEST(SummaryTable, AnXeIsNotModelled) {
    results::Manifest m = manifest();
    m.device = {
        .kind = "xe", .index = 1, .name = "Xe", .driver_version = "1", .policy = "", .model = "", .monitor = ""};
    const std::string text = summary_text(m, report(), 80);
    EXPECT_THAT(text, testing::HasSubstr("\ndevice: Xe (xe:1)\n"));
    EXPECT_THAT(text, testing::Not(testing::HasSubstr("modelled")));
}

TEST(SummaryTable, AFamilyThatFailedAfterItsBenchmarksIsNamed) {
    results::Manifest m = manifest();
    results::FamilyRecord family;
    family.family = "fault/first_touch";
    family.state = "crashed";
    family.detail = "killed by signal 6 (Aborted)";
    m.families = {family};
    EXPECT_THAT(summary_text(m, report(), 80),
                testing::HasSubstr("  fault/first_touch: crashed: killed by signal 6 (Aborted)\n"));
}

}  // namespace
}  // namespace faultline::runners
