// faultline-bench on the reference, under the real loader: faults reported are faults that happened, to the last one,
// and what the output promises is there.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "base/version.h"
#include "tests/bench/bench_run.h"

namespace faultline {
namespace {

using testing::HasSubstr;
using testing::StartsWith;
using testing_support::ChildEnvironment;
using testing_support::ChildResult;
using testing_support::json;
using testing_support::only;
using testing_support::read_file;
using testing_support::reference;
using testing_support::run_bench;
using testing_support::run_child;

TEST(FaultCounts, TwoMebibyteStrideFaultsOncePerTwoMebibytes) {
    const json run = only(run_bench("^fault/first_touch/read/cpu_touched/stride:2M/", reference()));
    EXPECT_EQ(run.value("faults", -1.0), 32.0);
    EXPECT_EQ(run.value("gt.svm_2M_pagefault_count", -1.0), 32.0);
}

TEST(FaultCounts, FourKibibyteChunksFaultOncePerPage) {
    const json run = only(run_bench("^fault/first_touch/read/cpu_touched/stride:4K/", reference("xe-7.0,chunks=4K")));
    EXPECT_EQ(run.value("faults", -1.0), 16384.0);
    EXPECT_EQ(run.value("gt.svm_4K_pagefault_count", -1.0), 16384.0);
}

TEST(FaultCounts, EachMappingOf64KFaultsOnceWhateverTheThreads) {
    const json output = run_bench("^fault/parallelism/", reference());
    ASSERT_GE(output["benchmarks"].size(), 4u);
    for (const json& run : output["benchmarks"]) {
        EXPECT_EQ(run.value("faults", -1.0), 1024.0) << run["name"];
        EXPECT_EQ(run.value("gt.svm_64K_pagefault_count", -1.0), 1024.0) << run["name"];
    }
}

TEST(FaultCounts, AStormOfOneIsOneFaultPerPage) {
    const json output = run_bench("^fault/same_page_storm/.*/threads:1/", reference());
    ASSERT_EQ(output["benchmarks"].size(), 3u);
    for (const json& run : output["benchmarks"]) EXPECT_EQ(run.value("faults", -1.0), 32.0) << run["name"];
}

TEST(FaultCounts, EveryFamilyVerifiesItsData) {
    const json output = run_bench("fault/(first_touch|same_page_storm)", reference());
    EXPECT_GE(output["benchmarks"].size(), 18u + 3u);
    for (const json& run : output["benchmarks"]) EXPECT_GE(run.value("faults", -1.0), 32.0) << run["name"];
}

TEST(Output, HasWhatIsPromised) {
    const json output =
        run_bench("^fault/first_touch/write/cpu_touched/stride:64K/", reference("xe-7.0,chunks=64K+4K"));
    const json run = only(output);
    for (const char* counter :
         {"faults", "faults_per_second", "bytes_per_second", "latency_min_ns", "latency_p50_ns", "latency_p90_ns",
          "latency_p99_ns", "latency_p999_ns", "latency_max_ns", "latency_samples", "gt.svm_pagefault_count"}) {
        EXPECT_GT(run.value(counter, -1.0), 0.0) << counter;
    }
    EXPECT_EQ(run.value("latency_samples", 0.0), 1024.0 * run.value("iterations", 0.0));
    EXPECT_LE(run.value("latency_min_ns", 0.0), run.value("latency_p50_ns", 0.0));
    EXPECT_LE(run.value("latency_p50_ns", 0.0), run.value("latency_p99_ns", 0.0));
    EXPECT_LE(run.value("latency_p99_ns", 0.0), run.value("latency_max_ns", 0.0));
    // Each fault makes 64 KiB accessible.
    EXPECT_NEAR(run.value("bytes_per_second", 0.0) / run.value("faults_per_second", 1.0), 65536.0, 1.0);
    EXPECT_THAT(run.value("label", ""), StartsWith("reference policy="));
    EXPECT_THAT(run.value("label", ""), HasSubstr("model=native"));

    const json context = output["context"];
    EXPECT_EQ(context.value("faultline_version", ""), version());
    EXPECT_EQ(context.value("device_kind", ""), "reference");
    EXPECT_THAT(context.value("policy", ""), HasSubstr("xe-7.0"));
    EXPECT_EQ(context.value("model", ""), "native");
    EXPECT_THAT(context.value("model_figures", ""), HasSubstr("device.threads_per_eu=8"));
    for (const char* key : {"device", "driver_version", "monitor", "env_kernel_release"}) {
        EXPECT_NE(context.value(key, ""), "") << key;
    }
}

TEST(Output, AMalformedModelIsRefusedWithFileLineAndKey) {
    const TemporaryDirectory directory;
    const std::string path = (directory.path() / "own.toml").string();
    std::ofstream(path) << "devices = 1\n[fault]\nreprt_us = 3\n";
    ChildEnvironment environment = reference();
    environment["FAULTLINE_MODEL"] = path;
    const ChildResult result = run_child(FAULTLINE_BENCH " --benchmark_filter=^fault/", environment);
    EXPECT_EQ(result.status, 2);
    EXPECT_EQ(result.out, "");
    EXPECT_EQ(result.err, "faultline: FAULTLINE_MODEL: model " + path + ":3: fault.reprt_us: unknown key\n");
}

TEST(Output, LatenciesGoToTheSideFile) {
    const TemporaryDirectory directory;
    ChildEnvironment environment = reference();
    environment["FAULTLINE_LATENCY_DIR"] = directory.path().string();
    const json output =
        run_bench("^fault/first_touch/read/cpu_touched/stride:2M/", environment, "--benchmark_repetitions=2");
    double iterations = 0;
    for (const json& run : output["benchmarks"]) {
        if (run["run_type"] == "iteration") iterations += run["iterations"].get<double>();
    }
    std::istringstream text(read_file(directory.path() / "fault_first_touch_read_cpu_touched_stride_2M.lat"));
    std::size_t rows = 0;
    std::string last;
    for (std::string line; std::getline(text, line);) {
        if (line.empty() || line.front() == '#') continue;
        ++rows;
        last = line;
    }
    EXPECT_EQ(static_cast<double>(rows), 32.0 * iterations);
    EXPECT_THAT(last, StartsWith("1 "));  // of the second repetition
}

TEST(Device, ARefusedPolicyIsNamed) {
    const ChildResult result = run_child(FAULTLINE_BENCH, reference("no-such-policy"));
    EXPECT_EQ(result.status, 2);
    EXPECT_THAT(result.err, HasSubstr("FAULTLINE_POLICY: policy: unknown preset 'no-such-policy'"));
}

TEST(Device, AnXeIsNotReplacedByTheReference) {
    ChildEnvironment environment = reference();
    environment["FAULTLINE_DEVICE"] = "xe";
    const ChildResult result = run_child(FAULTLINE_BENCH, environment);
    EXPECT_EQ(result.status, 2);
    EXPECT_THAT(result.err, HasSubstr("xe:0 is not there"));
}

}  // namespace
}  // namespace faultline
