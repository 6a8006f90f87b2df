#include "vocabulary/metrics.h"

#include <gtest/gtest.h>

#include <set>
#include <string>

#include "vocabulary/fault_stages.h"

namespace faultline {
namespace {

Direction direction_of(std::string_view name) {
    const KnownMetric* metric = find_metric(name);
    return metric == nullptr ? Direction::kUnknown : metric->direction;
}

TEST(Metrics, ADoubledSpeedupOrShareIsBetter) {
    for (const char* name : {"speedup", "speedup_min", "speedup_max", "on_device", "to_host_share"})
        EXPECT_EQ(direction_of(name), Direction::kHigher) << name;
}

TEST(Metrics, RatesAreBetterWhenHigherAndTimesWhenLower) {
    for (const char* name : {"faults_per_second", "bytes_per_second", "edges_per_second", "cpu_additions_per_second"})
        EXPECT_EQ(direction_of(name), Direction::kHigher) << name;
    for (const char* name : {"real_time", "cpu_time", "latency_p50_ns", "latency_p999_ns", "latency_max_ns",
                             "ns_per_call", "gt.svm_4K_bind_us", "stage.tlb_inval_us", "copies_per_byte"})
        EXPECT_EQ(direction_of(name), Direction::kLower) << name;
}

TEST(Metrics, WhatSaysHowMuchWasDoneIsNeither) {
    for (const char* name : {"iterations", "faults", "ranges", "latency_samples", "bytes", "evicted_bytes",
                             "gt.svm_pagefault_count", "gt.svm_device_copy_kb"})
        EXPECT_EQ(direction_of(name), Direction::kNeither) << name;
}

TEST(Metrics, WhatNobodyToldIsUnknown) {
    for (const char* name :
         {"", "my_counter", "latency_p_ns", "latency_p5x_ns", "latency_p50_ns_mean", "speedups", "stage.elsewhere_us",
          "stage._us", "gt._us", "gt.svm_pagefault", "gt.a b_us", "_per_second"})
        EXPECT_EQ(find_metric(name), nullptr) << name;
}

TEST(Metrics, EveryEntryIsFoundByAnExampleOfItsName) {
    std::set<std::string> names;
    for (const KnownMetric& metric : known_metrics()) {
        EXPECT_TRUE(names.emplace(metric.name).second) << metric.name;
        EXPECT_FALSE(metric.meaning.empty()) << metric.name;
        EXPECT_NE(metric.direction, Direction::kUnknown) << metric.name;
        std::string example(metric.name);
        for (const auto& [placeholder, text] : {std::pair{"<N>", "99"}, {"<stage>", "bind"}, {"<counter>", "svm_2M_x"}})
            if (const auto at = example.find(placeholder); at != std::string::npos)
                example.replace(at, std::string_view(placeholder).size(), text);
        EXPECT_EQ(find_metric(example), &metric) << example;
    }
}

TEST(Metrics, EveryStageAndItsCountersAreKnown) {
    for (const FaultStage& stage : kFaultStages) {
        EXPECT_NE(find_metric("stage." + std::string(stage.name) + "_us"), nullptr) << stage.name;
        for (const std::string_view counter : stage.counters())
            EXPECT_NE(find_metric("gt." + std::string(counter)), nullptr) << counter;
    }
}

TEST(Metrics, ADirectionHasWords) {
    EXPECT_EQ(to_string(Direction::kUnknown), "not known");
    EXPECT_EQ(to_string(Direction::kHigher), "higher is better");
    EXPECT_EQ(to_string(Direction::kLower), "lower is better");
    EXPECT_EQ(to_string(Direction::kNeither), "neither");
}

}  // namespace
}  // namespace faultline
