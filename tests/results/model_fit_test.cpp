// What a report tells of a device, and what it does not.
#include "results/model_fit.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace faultline::results {
namespace {

using testing::HasSubstr;
using testing::Not;

Json repetition(const std::string& name, Json counters) {
    Json entry = {{"name", name}, {"run_name", name}, {"run_type", "iteration"}, {"real_time", 1.0}, {"cpu_time", 1.0}};
    entry.update(counters);
    return entry;
}

Json copies(const std::string& size, double us, double kb) {
    return repetition("migration/to_device/fault/size:" + size + "",
                      {{"gt.svm_device_copy_us", us}, {"gt.svm_device_copy_kb", kb}});
}

/// A device whose figures are round.
BenchmarkReport whole() {
    BenchmarkReport report;
    report.context = {{"device", "xe \"7\""}, {"env_device_vram_mib", "24480"}};
    report.benchmarks = Json::array({
        repetition("fault/thp/small/untouched",
                   {{"faults", 32.0}, {"gt.pagefault_us", 3200.0}, {"latency_p50_ns", 150e3}}),
        repetition("invalidation/first_touch/device/ranges:4/running:0",
                   {{"gt.svm_tlb_inval_us", 80.0}, {"gt.svm_tlb_inval_count", 4.0}}),
        copies("64K", 256 * (10 + 65.536 / 8), 16384),  // 10 us, then 8 GB/s
        copies("2M", 16 * (10 + 2097.152 / 8), 32768),
        repetition("p2p/remote_chase/one/from:0/to:1", {{"latency_p50_ns", 1900.0}}),
        repetition("p2p/remote_access/read/one/from:0/to:1", {{"bytes_per_second", 5e9}}),
        repetition("p2p/copy/one/size:2M/from:0/to:1", {{"latency_p50_ns", 20e3 + 2097152 / 10.}}),
        repetition("p2p/copy/one/size:64M/from:0/to:1", {{"latency_p50_ns", 20e3 + 67108864 / 10.}}),
        repetition("baseline/warm_access/malloc_device", {{"latency_p50_ns", 400.0}}),
    });
    return report;
}

TEST(ModelFit, GivesEachFigureThatTheRunTells) {
    const auto fit = fit_model(whole(), "run.json");
    ASSERT_TRUE(fit.ok()) << fit.error().message;
    EXPECT_DOUBLE_EQ(fit->fault_report_us.value.value(), 50);
    EXPECT_DOUBLE_EQ(fit->tlb_invalidation_us.value.value(), 20);
    EXPECT_NEAR(fit->copy_gb_per_s.value.value(), 8, 1e-9);
    EXPECT_NEAR(fit->copy_latency_us.value.value(), 10, 1e-6);
    EXPECT_EQ(fit->vram_mib.value.value(), 24480);
    ASSERT_EQ(fit->links.size(), 1u);
    EXPECT_TRUE(fit->links[0].fast);
    EXPECT_FALSE(fit->links[0].back) << "one direction alone was measured";
    EXPECT_NEAR(fit->links[0].speed.gb_per_s.value.value(), 10, 1e-9);
    EXPECT_DOUBLE_EQ(fit->links[0].speed.latency_us.value.value(), 1.5);
}

TEST(ModelFit, WritesTheFiguresWithTheirEvidence) {
    const std::string text = to_toml(*fit_model(whole(), "run.json"), "run.json");
    for (const char* part :
         {"devices = 2\n", "description = \"fitted to device xe \\\"7\\\"\"", "source = \"measured: run.json\"",
          "vram_mib = 24480  #", "report_us = 50  # fault/thp/small/untouched", "invalidation_us = 20  #",
          "gb_per_s = 8  #", "devices = [0, 1]\nfast = true", "# ack_us: left out",
          "# eus, threads_per_eu, tiles: left out"})
        EXPECT_THAT(text, HasSubstr(part));
}

Json link_copy(const std::string& size, const std::string& pair, double ns) {
    return repetition("p2p/copy/one/size:" + size + "/" + pair, {{"latency_p50_ns", ns}});
}

// Each name says in which direction its bytes go.
TEST(ModelFit, DirectionsThatDifferAreFittedEachOnItsOwn) {
    BenchmarkReport report = whole();
    report.benchmarks.push_back(repetition("p2p/remote_chase/one/from:1/to:0", {{"latency_p50_ns", 3400.0}}));
    report.benchmarks.push_back(link_copy("2M", "from:1/to:0", 20e3 + 2097152 / 4.));
    report.benchmarks.push_back(link_copy("64M", "from:1/to:0", 20e3 + 67108864 / 4.));
    const auto fit = fit_model(report, "run.json");
    ASSERT_TRUE(fit.ok()) << fit.error().message;
    ASSERT_EQ(fit->links.size(), 1u);
    const FittedLink& link = fit->links[0];
    ASSERT_TRUE(link.back);
    EXPECT_NEAR(link.speed.gb_per_s.value.value(), 10, 1e-9);
    EXPECT_DOUBLE_EQ(link.speed.latency_us.value.value(), 1.5);
    EXPECT_NEAR(link.back->gb_per_s.value.value(), 4, 1e-9);
    EXPECT_DOUBLE_EQ(link.back->latency_us.value.value(), 3);
    const std::string text = to_toml(*fit, "run.json");
    for (const char* part :
         {"devices = [0, 1]\nfast = true  # memory was reached\n\n[[link.directions]]\nfrom = 0\nto = "
          "1\ngb_per_s = 10  # p2p/copy/one of 2M and 64M\nlatency_us = 1.5  #",
          "[[link.directions]]\nfrom = 1\nto = 0\ngb_per_s = 4  #"})
        EXPECT_THAT(text, HasSubstr(part));
}

TEST(ModelFit, ADirectionHasFromTheOtherWhatItDoesNotTell) {
    BenchmarkReport report = whole();
    report.benchmarks.push_back(link_copy("2M", "from:1/to:0", 20e3 + 2097152 / 4.));
    report.benchmarks.push_back(link_copy("64M", "from:1/to:0", 20e3 + 67108864 / 4.));
    const auto fit = fit_model(report, "run.json");
    ASSERT_TRUE(fit.ok() && fit->links.at(0).back);
    EXPECT_DOUBLE_EQ(fit->links[0].back->latency_us.value.value(), 1.5);
    EXPECT_THAT(fit->links[0].back->latency_us.why, HasSubstr("of the other direction"));
    EXPECT_NEAR(fit->links[0].back->gb_per_s.value.value(), 4, 1e-9);
}

TEST(ModelFit, DirectionsThatAreAlikeAreOnePair) {
    BenchmarkReport report = whole();
    report.benchmarks.push_back(link_copy("2M", "from:1/to:0", 20e3 + 2097152 / 10.3));
    report.benchmarks.push_back(link_copy("64M", "from:1/to:0", 20e3 + 67108864 / 10.3));
    const auto fit = fit_model(report, "run.json");
    ASSERT_TRUE(fit.ok()) << fit.error().message;
    EXPECT_FALSE(fit->links.at(0).back);
    EXPECT_NEAR(fit->links[0].speed.gb_per_s.value.value(), 10.15, 0.01);
    EXPECT_THAT(to_toml(*fit, "run.json"), Not(HasSubstr("directions")));
}

TEST(ModelFit, LeavesOutWhatTheRunCannotTellAndSaysSo) {
    BenchmarkReport report = whole();
    report.context = Json::object();
    Json kept = Json::array();
    for (const Json& entry : report.benchmarks) {
        const auto name = entry["name"].get<std::string>();
        if (name.starts_with("fault/") || name.starts_with("migration/to_device/fault/size:2M")) kept.push_back(entry);
    }
    kept[0].erase("gt.pagefault_us");
    report.benchmarks = kept;
    const auto fit = fit_model(report, "run.json");
    ASSERT_TRUE(fit.ok()) << fit.error().message;
    EXPECT_FALSE(fit->fault_report_us.value);
    EXPECT_FALSE(fit->copy_latency_us.value);
    EXPECT_NEAR(fit->copy_gb_per_s.value.value(), 2097.152 / (10 + 2097.152 / 8), 1e-6) << "with the latency in it";
    const std::string text = to_toml(*fit, "run.json");
    for (const char* part :
         {"# vram_mib: left out", "# report_us: left out, it takes the GT counters", "# invalidation_us: left out",
          "# latency_us: left out", "# [link]: left out", "# devices: 1"})
        EXPECT_THAT(text, HasSubstr(part));
    EXPECT_THAT(text, Not(HasSubstr("\nreport_us")));
}

TEST(ModelFit, CountersOfTheSizesDoWhereTheirSumIsMissing) {
    BenchmarkReport report = whole();
    report.benchmarks[0].erase("gt.pagefault_us");
    report.benchmarks[0]["gt.svm_4K_pagefault_us"] = 640.0;
    report.benchmarks[0]["gt.svm_2M_pagefault_us"] = 640.0;
    EXPECT_DOUBLE_EQ(fit_model(report, "run.json")->fault_report_us.value.value(), 110);
}

TEST(ModelFit, AFigureThatNoDeviceHasIsLeftOut) {
    BenchmarkReport report = whole();
    report.benchmarks[0]["gt.pagefault_us"] = 1e6;  // longer than the access took
    report.benchmarks[3]["gt.svm_device_copy_us"] = 1.0;
    const auto fit = fit_model(report, "run.json");
    EXPECT_FALSE(fit->fault_report_us.value);
    EXPECT_THAT(fit->fault_report_us.why, HasSubstr("no such figure"));
    EXPECT_FALSE(fit->copy_gb_per_s.value);
    EXPECT_THAT(fit->copy_gb_per_s.why, HasSubstr("no longer than"));
}

TEST(ModelFit, FailedRepetitionsTellNothingAndAReportOfThemIsRefused) {
    BenchmarkReport report = whole();
    for (Json& entry : report.benchmarks) {
        entry["error_occurred"] = true;
        entry["error_message"] = "wrong data";
    }
    const auto fit = fit_model(report, "run.json");
    ASSERT_FALSE(fit.ok());
    EXPECT_EQ(fit.error().kind, ErrorKind::kBadInput);
    EXPECT_THAT(fit.error().message, HasSubstr("run.json: nothing in it tells"));
}

}  // namespace
}  // namespace faultline::results
