// The `faultline` command with nothing replaced: real benchmarks, the unmodified Level Zero loader, the reference.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <set>
#include <sstream>

#include "results/benchmark_report.h"
#include "results/store/export.h"
#include "results/store/store.h"
#include "runners/system/subprocess.h"
#include "tests/temporary_directory.h"
#include "vocabulary/benchmark_name.h"
#include "vocabulary/latency_file.h"

namespace faultline::runners {
namespace {

using results::Json;
using testing::HasSubstr;

ChildResult faultline(std::vector<std::string> arguments) {
    static const TemporaryDirectory locks;  // tests that run beside this one have the device too
    arguments.insert(arguments.begin(), FAULTLINE_PROGRAM);
    const auto result = run_child({.argv = arguments,
                                   .environment = {{"FAULTLINE_LOCK_DIR", locks.path().string()}},
                                   .time_limit = std::chrono::minutes(4)});
    EXPECT_TRUE(result.ok());
    return result.ok() ? *result : ChildResult{};
}

TEST(OnReference, EveryFamilyHasAQuestion) {
    const ChildResult list = faultline({"list"});
    ASSERT_EQ(list.code, 0) << list.err;
    std::istringstream in(list.out);
    std::size_t benchmarks = 0;
    std::string heading;
    for (std::string line; std::getline(in, line);) {
        if (!line.starts_with(" ")) heading = line;
        if (!line.starts_with("  ") || line.find('/') == std::string::npos) continue;  // not a benchmark
        ++benchmarks;
        EXPECT_TRUE(heading.starts_with(family_of(line.substr(2)) + ": ") && heading.ends_with("?")) << heading << line;
    }
    EXPECT_GT(benchmarks, 0u);
}

TEST(OnReference, RunsOneOfEachFamilyAndKeepsTheirLatencies) {
    const TemporaryDirectory directory;
    const auto output = directory.path() / "run";
    const auto database = directory.path() / "faultline.db";
    const ChildResult run = faultline({"run", "--device", "reference", "--output", output.string(), "--db",
                                       database.string(), "--repetitions", "2", "--min-time", "0.01", "--timeout", "60",
                                       "--filter", "first_touch/write/cpu_touched/stride:2M|threads:1$|bfs/karate"});
    EXPECT_EQ(run.code, 0) << run.out << run.err;
    const auto report = results::read_benchmark_report(output / "run.json");
    ASSERT_TRUE(report.ok()) << report.error().message;
    std::map<std::string, std::size_t> repetitions;
    for (const Json& benchmark : report->benchmarks) {
        if (benchmark["run_type"] != "iteration") continue;
        ++repetitions[family_of(benchmark["run_name"].get<std::string>())];
        EXPECT_GT(benchmark.value("faults_per_second", 0.0), 0) << benchmark["run_name"];
    }
    EXPECT_EQ(repetitions["fault/first_touch"], 2u);
    for (const char* family : {"fault/parallelism", "fault/same_page_storm", "workload/bfs"}) {
        EXPECT_GE(repetitions[family], 2u) << family;
    }
    // The store has the same, with the latencies that the programs' side files hold.
    const auto store = results::Store::open(database, results::Database::Mode::kExisting);
    ASSERT_TRUE(store.ok()) << store.error().message;
    const auto runs = store->find(results::all_runs());
    ASSERT_EQ(runs->size(), 1u);
    EXPECT_EQ(runs->at(0).state, results::RunState::kComplete);
    EXPECT_EQ(static_cast<std::size_t>(runs->at(0).benchmarks), results_of(*report).size());
    const auto latencies = latencies_of(*store, *runs);
    ASSERT_TRUE(latencies.ok());
    std::set<std::string> families;
    for (const auto& [benchmark, histogram] : *latencies) families.insert(family_of(benchmark));
    EXPECT_THAT(families, testing::ElementsAre("fault/first_touch", "fault/parallelism", "fault/same_page_storm"));
    const Json& device = report->context["faultline"]["device"];
    EXPECT_EQ(device["kind"], "reference");
    EXPECT_EQ(device["policy"], report->context["policy"]);
    EXPECT_EQ(device["model"], report->context["model"]);

    const auto file = read_latency_file(output / "latency" / "fault_first_touch_write_cpu_touched_stride_2M.lat");
    ASSERT_TRUE(file.ok()) << file.error().message;
    EXPECT_GE(file->samples.size(), 64u);  // 32 accesses an iteration, two repetitions
    EXPECT_EQ(file->samples.back().repetition, 1u);
}

TEST(OnReference, WhatTakesTwoDevicesIsSkippedOnOneAndDoesNotFail) {
    const TemporaryDirectory directory;
    const ChildResult run =
        faultline({"run", "--suite", "p2p", "--device", "reference", "--output", (directory.path() / "run").string(),
                   "--db", (directory.path() / "faultline.db").string(), "--repetitions", "1"});
    EXPECT_EQ(run.code, 0) << run.err;
    EXPECT_THAT(run.out, testing::AllOf(testing::StartsWith("suite p2p: 8 benchmarks, 0 failed, 8 skipped, "),
                                        HasSubstr("there is one reference device, and this takes two")));
}

TEST(OnReference, PoliciesAreListedAndAnyKnobCanBeRun) {
    const ChildResult list = faultline({"policies"});
    EXPECT_EQ(list.code, 0) << list.err;
    for (const char* name : {"xe-7.0", "fine-grained", "series-v4", "num_pf_work=2", "chaining=off", "1..8"})
        EXPECT_THAT(list.out, HasSubstr(name));
    const TemporaryDirectory directory;
    const auto run_with = [&](const std::string& policy) {
        return faultline({"run", "--device", "reference", "--policy", policy, "--output",
                          (directory.path() / "run").string(), "--db", (directory.path() / "faultline.db").string(),
                          "--repetitions", "1", "--min-time", "0.01", "--filter", "parallelism/read/threads:1$"});
    };
    const ChildResult good = run_with("series-v4,num_pf_work=4,chaining=off");
    EXPECT_EQ(good.code, 0) << good.err;
    EXPECT_THAT(good.out, HasSubstr("policy: series-v4,num_pf_work=4,chaining=off"));
    const ChildResult bad = run_with("series-v4,num_pf_work=9");
    EXPECT_EQ(bad.code, 2);
    EXPECT_THAT(bad.err, HasSubstr("'9' is no value of num_pf_work; values: 1..8"));
}

// The suite that compares policies runs on a model whose copy engines set migration time, and says so.
TEST(OnReference, PoliciesAreComparedBesideTheirBaseline) {
    const TemporaryDirectory directory;
    const ChildResult run =
        faultline({"run", "--suite", "policy", "--output", (directory.path() / "run").string(), "--db",
                   (directory.path() / "faultline.db").string(), "--repetitions", "1", "--min-time", "0.01", "--filter",
                   "(storm|prefetch)/series-v4$|(storm|prefetch)/series-v4/"});
    EXPECT_EQ(run.code, 0) << run.out << run.err;
    EXPECT_THAT(run.out, testing::AllOf(HasSubstr("model: slow-copy"), HasSubstr("speedup")));
    const auto report = results::read_benchmark_report(directory.path() / "run" / "run.json");
    ASSERT_TRUE(report.ok());
    for (const Json& benchmark : report->benchmarks) {
        if (benchmark["run_name"].get<std::string>().find("storm") == std::string::npos) continue;
        EXPECT_GT(benchmark.value("received_per_served", 0.0), 1) << "some faults hang on to others";
    }
}

TEST(OnReference, APolicyOrModelThatDoesNotExistIsRefusedWithThoseThatDo) {
    const ChildResult policy = faultline({"run", "--device", "reference", "--policy", "nonsense"});
    EXPECT_EQ(policy.code, 2);
    EXPECT_THAT(policy.err, testing::AllOf(HasSubstr("nonsense"), HasSubstr("xe-7.0")));
    const ChildResult model = faultline({"run", "--device", "reference", "--model", "nonsense"});
    EXPECT_EQ(model.code, 2);
    EXPECT_THAT(model.err, testing::AllOf(HasSubstr("nonsense"), HasSubstr("native")));
}

}  // namespace
}  // namespace faultline::runners
