#include "results/summary.h"

#include <gtest/gtest.h>

namespace faultline::results {
namespace {

Json repetition(const std::string& name, double rate, double p50, double max) {
    return Json{{"name", name},    {"run_name", name},          {"run_type", "iteration"}, {"real_time", 1.0},
                {"cpu_time", 1.0}, {"faults_per_second", rate}, {"latency_p50_ns", p50},   {"latency_max_ns", max}};
}

TEST(Summary, TakesMediansTheLargestMaximumAndTheSpread) {
    BenchmarkReport report;
    report.benchmarks = {repetition("f/a", 100, 5, 90), repetition("f/a", 110, 7, 95), repetition("f/a", 90, 6, 80)};
    report.benchmarks.push_back(
        {{"name", "f/a_mean"}, {"run_name", "f/a"}, {"run_type", "aggregate"}, {"faults_per_second", 1e9}});
    const auto rows = summarise(report);
    ASSERT_EQ(rows.size(), 1u);
    EXPECT_EQ(rows[0].faults_per_second, 100);
    EXPECT_EQ(rows[0].p50, 6);
    EXPECT_EQ(rows[0].max, 95);
    EXPECT_DOUBLE_EQ(rows[0].spread.value(), 0.2);
    EXPECT_EQ(rows[0].bytes_per_second, std::nullopt);
    EXPECT_EQ(rows[0].error, "");
}

TEST(Summary, AnEvenNumberOfRepetitionsHasTheMeanOfTheMiddleTwo) {
    BenchmarkReport report;
    report.benchmarks = {repetition("f/a", 100, 5, 1), repetition("f/a", 200, 7, 1)};
    EXPECT_EQ(summarise(report).at(0).faults_per_second, 150);
}

TEST(Summary, OneRepetitionHasNoSpread) {
    BenchmarkReport report;
    report.benchmarks = Json::array({repetition("f/a", 100, 5, 1)});
    EXPECT_EQ(summarise(report).at(0).spread, std::nullopt);
}

TEST(Summary, WhereNothingFaultsTheTimeTellsTheSpread) {
    BenchmarkReport report;
    report.benchmarks = {repetition("f/a", 0, 5, 1), repetition("f/a", 0, 5, 1)};
    report.benchmarks[1]["real_time"] = 3.0;
    EXPECT_DOUBLE_EQ(summarise(report).at(0).spread.value(), 1);
}

TEST(Summary, AFailedRepetitionMarksTheBenchmarkAndCountsForNothing) {
    BenchmarkReport report;
    Json failed = repetition("f/a", 1, 1, 1);
    failed["error_occurred"] = true;
    failed["error_message"] = "wrong data";
    report.benchmarks = {failed, repetition("f/a", 100, 5, 1)};
    const auto rows = summarise(report);
    EXPECT_EQ(rows.at(0).error, "wrong data");
    EXPECT_EQ(rows.at(0).faults_per_second, 100);
}

TEST(Summary, ASkippedBenchmarkHasAReasonAndNoError) {
    BenchmarkReport report;
    Json skipped = repetition("f/a", 1, 1, 1);
    skipped["error_occurred"] = true;
    skipped["error_message"] = "skipped: there is one device";
    report.benchmarks = Json::array({skipped});
    const auto rows = summarise(report);
    EXPECT_EQ(rows.at(0).error, "");
    EXPECT_EQ(rows.at(0).skipped, "there is one device");
    EXPECT_EQ(rows.at(0).faults_per_second, std::nullopt);
}

TEST(Summary, NullCountersAreAbsent) {
    BenchmarkReport report;
    report.benchmarks = Json::array({repetition("f/a", 100, 5, 1)});
    report.benchmarks[0]["latency_p50_ns"] = nullptr;
    EXPECT_EQ(summarise(report).at(0).p50, std::nullopt);
}

}  // namespace
}  // namespace faultline::results
