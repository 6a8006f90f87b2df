// Every chart as text: what stands in golden/ is what comes out, and what is missing is said.
//
// FAULTLINE_UPDATE_GOLDEN=1 writes the files anew; read their difference before you commit it.
#include "plots/chart.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>

#include "results/atomic_file.h"
#include "tests/plots/chart_data.h"
#include "vocabulary/fault_stages.h"

namespace faultline::plots {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

class EveryChart : public testing::TestWithParam<std::string> {};

void expect_golden(const std::string& name, const std::string& text) {
    const std::filesystem::path file = std::filesystem::path(FAULTLINE_GOLDEN) / name;
    if (std::getenv("FAULTLINE_UPDATE_GOLDEN") != nullptr) {
        std::ofstream(file, std::ios::binary) << text;
        return;
    }
    const auto golden = results::read_file(file);
    ASSERT_TRUE(golden.ok()) << golden.error().message;
    EXPECT_EQ(text, *golden) << file;
}

TEST_P(EveryChart, IsAsItWas) {
    const Chart* chart = find_chart(GetParam());
    ASSERT_NE(chart, nullptr);
    const auto picture = chart->draw(sets_for(GetParam()), {});
    ASSERT_TRUE(picture.ok()) << picture.error().message;
    expect_golden(GetParam() + ".dat", picture->data);
    expect_golden(GetParam() + ".gp", gp_text(*picture, GetParam(), Format::kSvg));
}

TEST_P(EveryChart, SaysWhatItIsOf) {
    const auto picture = find_chart(GetParam())->draw(sets_for(GetParam()), {});
    ASSERT_TRUE(picture.ok());
    for (const std::string text :
         {"Faultline reference (model: native)", "policy xe-7.0", "model native", "kernel 6.19.0"}) {
        EXPECT_THAT(picture->script, HasSubstr(text));
        EXPECT_THAT(picture->data, HasSubstr(text));
    }
    // How many samples, in one of its forms.
    EXPECT_TRUE(picture->script.find("n = ") != std::string::npos ||
                picture->script.find("n >= ") != std::string::npos);
    EXPECT_EQ(picture->width, 640u);
}

TEST_P(EveryChart, WithoutItsDataIsOneLine) {
    RunSet nothing = run_set("A", 1, 1, "xe-7.0");
    nothing.runs[0].benchmarks.assign(1, Measured());
    nothing.runs[0].benchmarks[0].name = "workload/bfs";
    const auto picture = find_chart(GetParam())->draw({nothing}, {});
    ASSERT_FALSE(picture.ok());
    EXPECT_EQ(picture.error().kind, ErrorKind::kBadInput);
    EXPECT_THAT(picture.error().message, AllOf(StartsWith(GetParam() + ": "), Not(HasSubstr("\n"))));
}

std::vector<std::string> all_names() {
    std::vector<std::string> names;
    for (const Chart& chart : charts()) names.emplace_back(chart.name);
    return names;
}

INSTANTIATE_TEST_SUITE_P(Charts, EveryChart, testing::ValuesIn(all_names()), [](const auto& chart) {
    std::string name = chart.param;
    std::replace(name.begin(), name.end(), '-', '_');
    return name;
});

TEST(Charts, OwnPatternsAreRegularExpressions) {
    for (const Chart& chart : charts())
        EXPECT_TRUE(NamePattern::compile(std::string(chart.pattern)).ok()) << chart.name;
    EXPECT_TRUE(NamePattern::compile("^a/(b|c)$")->is_in("a/c"));
    EXPECT_FALSE(NamePattern::compile("^a/(b|c)$")->is_in("a/cc"));
}

TEST(Charts, MigrationIsOfColdMemorySoThatTwoRunsFit) {
    const auto pattern = NamePattern::compile(std::string(find_chart("migration")->pattern));
    for (const char* move : {"to_device/fault", "to_device/prefetch", "to_host/read", "to_host/write"}) {
        EXPECT_TRUE(pattern->is_in(fmt::format("migration/{}/size:2M", move)));
        EXPECT_FALSE(pattern->is_in(fmt::format("migration/{}/warm/size:2M", move)));
    }
}

TEST(Charts, NineCurvesAreTooMany) {
    std::vector<RunSet> sets;
    for (int i = 0; i < 9; ++i) sets.push_back(only(run_set("A" + std::to_string(i), 1, 1, "xe-7.0"), kHostile));
    const auto picture = draw_percentiles(sets, {});
    ASSERT_FALSE(picture.ok());
    EXPECT_THAT(picture.error().message, HasSubstr("9 curves, of which 8 can be told apart"));
}

TEST(Charts, WhatFitsNoAxisIsLeftOut) {
    RunSet set = only(run_set("A", 1, 1, "xe-7.0"), "size:");
    set.runs[0].benchmarks.push_back(measured("migration/to_device/fault/size:0", 1));
    set.runs[0].benchmarks.push_back(measured("migration/to_device/fault/size:-4K", 1));
    const auto picture = draw_migration({set}, {});
    ASSERT_TRUE(picture.ok()) << picture.error().message;
    EXPECT_THAT(picture->script, HasSubstr("set xrange [3396.893:2528762]"));
    RunSet pairs = only(run_set("A", 1, 1, "xe-7.0"), "p2p/");
    pairs.runs[0].benchmarks.clear();
    for (const char* pair : {"from:0/to:1000000000", "from:1/to:-1", "from:nan/to:0", "from:/to:", "from:0"}) {
        pairs.runs[0].benchmarks.push_back(measured(std::string("p2p/copy/") + pair, 1));
    }
    EXPECT_THAT(draw_p2p({pairs}, {}).error().message, HasSubstr("no benchmarks of pairs"));
}

// Bytes go from row to column in every matrix.
TEST(Charts, RowsOfAMatrixAreWhereBytesComeFrom) {
    struct Case {
        const char* name;
        const char* row;
        const char* column;
        const char* cell;  ///< column and row
    };
    for (const Case& c :
         {Case{"p2p/copy/one/size:2M/from:0/to:1", "from device", "to device", "\n1 0 "},
          Case{"p2p/migration/direct/one/from:1/to:0", "from device", "to device", "\n0 1 "},
          Case{"p2p/remote_access/write/one/from:0/to:1", "from device (that writes)", "to device (whose", "\n1 0 "},
          Case{"p2p/remote_access/read/one/from:1/to:0", "from device (whose", "to device (that reads)", "\n0 1 "},
          Case{"p2p/remote_chase/one/from:1/to:0", "from device (whose", "to device (that reads)", "\n0 1 "},
          Case{"p2p/copy/both/size:2M/from:0/to:1", "both directions at once", "and the other", "\n1 0 "}}) {
        RunSet set = only(run_set("A", 1, 1, "xe-7.0"), "p2p/");
        set.runs[0].benchmarks.assign(1, measured(c.name, 1e9));
        const auto picture = draw_p2p({set}, {});
        ASSERT_TRUE(picture.ok()) << picture.error().message;
        EXPECT_THAT(picture->script, HasSubstr(std::string("set ylabel '") + c.row)) << c.name;
        EXPECT_THAT(picture->script, HasSubstr(std::string("set xlabel '") + c.column)) << c.name;
        EXPECT_THAT(picture->data, HasSubstr(c.cell)) << c.name;
    }
}

TEST(Charts, StagesAreThoseOfTheVocabulary) {
    RunSet set = only(run_set("A", 1, 1, "xe-7.0"), "threads:1");
    Measured& m = set.runs[0].benchmarks.at(0);
    m.metrics.clear();
    m.metrics["gt.svm_pagefault_count"] = {10};
    const std::pair<const char*, double> counters[] = {{"reference_queue_wait_us", 50}, {"svm_64K_pagefault_us", 400},
                                                       {"svm_64K_migrate_us", 250},     {"svm_device_copy_us", 100},
                                                       {"svm_64K_get_pages_us", 30},    {"svm_64K_bind_us", 20},
                                                       {"svm_tlb_inval_us", 70}};
    for (const auto& [counter, us] : counters) m.metrics[std::string("gt.") + counter] = {us};
    const auto picture = draw_stages({set}, {});
    ASSERT_TRUE(picture.ok()) << picture.error().message;
    for (const FaultStage& stage : kFaultStages) {
        EXPECT_THAT(picture->script, HasSubstr(std::string(stage.own)));
        EXPECT_THAT(picture->data, HasSubstr(std::string(stage.name)));
    }
    // Queue, get pages, migrate less its copy, copy, bind, rest; beside them the invalidations.
    EXPECT_THAT(picture->data, HasSubstr("\n0 0 5 5 8 8 23 23 33 33 35 35 45 0 7 #"));
}

}  // namespace
}  // namespace faultline::plots
