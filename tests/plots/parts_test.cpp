// The small parts that charts are made of.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "plots/figure.h"
#include "plots/html.h"
#include "plots/parameter.h"
#include "plots/quantity.h"
#include "plots/spread.h"
#include "plots/tics.h"
#include "plots/trend.h"
#include "plots/verdict.h"
#include "tests/plots/chart_data.h"
#include "tests/temporary_directory.h"
#include "vocabulary/metrics.h"

namespace faultline::plots {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::SizeIs;

TEST(Parameter, IsReadOutOfAName) {
    const auto threads = parameter_of("fault/parallelism/read/threads:16", "threads");
    ASSERT_TRUE(threads);
    EXPECT_EQ(threads->value, 16);
    EXPECT_EQ(threads->rest, "fault/parallelism/read");
    EXPECT_EQ(parameter_of("a/size:64K/b", "size")->value, 65536);
    EXPECT_EQ(parameter_of("a/size:64K/b", "size")->rest, "a/b");
    EXPECT_EQ(parameter_of("size:2M/b", "size")->rest, "b");
    EXPECT_EQ(parameter_of("a/oversubscription:1.5x", "oversubscription")->value, 1.5);
    EXPECT_FALSE(parameter_of("p2p/copy/pair:0-1", "pair"));
    EXPECT_FALSE(parameter_of("a/threads", "threads"));
    EXPECT_FALSE(parameter_of("a/threads:", "threads"));
    EXPECT_FALSE(parameter_of("a/threads:many", "threads"));
    EXPECT_FALSE(parameter_of("a/threads:nan", "threads"));
    EXPECT_FALSE(parameter_of("a/threads:inf", "threads"));
    EXPECT_FALSE(parameter_of("a/xthreads:1", "threads"));
    EXPECT_FALSE(parameter_of("", "threads"));
}

TEST(Spread, IsQuartilesOfEnoughAndExtremesOfFew) {
    const Spread few = spread_of({3, 1, 2});
    EXPECT_EQ(few.median, 2);
    EXPECT_EQ(few.low, 1);
    EXPECT_EQ(few.high, 3);
    const Spread enough = spread_of({5, 1, 4, 2, 3});
    EXPECT_EQ(enough.median, 3);
    EXPECT_EQ(enough.low, 2);
    EXPECT_EQ(enough.high, 4);
    EXPECT_EQ(spread_of({1, 2}).median, 1.5);
    EXPECT_EQ(spread_of({7}).count, 1u);
}

TEST(MedianInterval, HoldsTheMedianAsOftenAsItSays) {
    EXPECT_EQ(median_interval({7}).low, 7);
    EXPECT_EQ(median_interval({3, 1, 2}).low, 1);
    EXPECT_EQ(median_interval({3, 1, 2}).high, 3);
    EXPECT_EQ(median_interval({5, 1, 4, 2, 3, 6, 7, 8}).low, 1);  // the second from each end holds it in 93 % only
    EXPECT_EQ(median_interval({5, 1, 4, 2, 3, 6, 7, 8, 9}).low, 2);
    EXPECT_EQ(median_interval({5, 1, 4, 2, 3, 6, 7, 8, 9}).high, 8);
    std::vector<double> many(2000);
    for (std::size_t i = 0; i < many.size(); ++i) many[i] = static_cast<double>(i);
    EXPECT_NEAR(median_interval(many).low, 999.5 - 1.96 * std::sqrt(2000) / 2, 2);
}

TEST(Verdict, IsWhatCompareSays) {
    const auto sets = compared_sets();
    const Verdicts all = verdicts(sets[0], sets[1]);
    EXPECT_EQ(all.refused, "");
    EXPECT_EQ(all.benchmarks.at("fault/parallelism/read/threads:2").verdict(), results::Verdict::kBetter);
    EXPECT_EQ(all.benchmarks.at(kHostile).verdict(), results::Verdict::kWorse);
    EXPECT_EQ(all.benchmarks.at("migration/to_device/fault/size:64K").verdict(), results::Verdict::kSame);
    EXPECT_NEAR(gain_of(all.benchmarks.at("fault/parallelism/read/threads:2").rows.front()), 1.3, 0.01);
    EXPECT_THAT(all.differences, ElementsAre("policy: xe-7.0 -> fine-grained"));
}

TEST(Verdict, TakesMoreThanRepetitionsOfOneProcess) {
    const Verdicts all = verdicts(run_set("A", 1, 1, "p"), run_set("B", 1, 2, "p"));
    const Judged& judged = all.benchmarks.at("fault/parallelism/read/threads:2");
    EXPECT_EQ(judged.verdict(), results::Verdict::kUncompared);
    EXPECT_THAT(judged.decisive().reason, HasSubstr("too few samples"));
    EXPECT_NEAR(gain_of(judged.decisive()), 2, 0.01);
}

TEST(Verdict, IsRefusedAcrossModelsWithTheReason) {
    RunSet other = run_set("B", 6, 1, "p");
    other.environment["model"] = "slow-copy";
    const Verdicts all = verdicts(run_set("A", 6, 1, "p"), other);
    EXPECT_EQ(all.refused, "device model: native against slow-copy");
    EXPECT_TRUE(all.benchmarks.empty());
}

TEST(Verdict, IsAsBadAsTheWorstMetric) {
    const auto row = [](const char* metric, results::Verdict verdict) {
        results::ComparedMetric r;
        r.metric.name = metric;
        r.verdict = verdict;
        return r;
    };
    using results::Verdict;
    const Judged both = {{row("real_time", Verdict::kBetter), row("latency_p50_ns", Verdict::kWorse)}};
    EXPECT_EQ(both.decisive().metric.name, "latency_p50_ns");
    const Judged latency = {{row("real_time", Verdict::kSame), row("latency_p50_ns", Verdict::kBetter)}};
    EXPECT_EQ(latency.verdict(), Verdict::kBetter);
    const Judged time = {{row("real_time", Verdict::kSame), row("latency_p50_ns", Verdict::kUnclear)}};
    EXPECT_EQ(time.verdict(), Verdict::kSame);
}

TEST(Trend, FindsTheRunFromWhichItStepped) {
    const RunSet set = sets_for("trend").front();
    const Trend trend = trend_of(set, kHostile);
    EXPECT_THAT(trend.nights, SizeIs(12));
    ASSERT_THAT(trend.steps, SizeIs(1));
    EXPECT_EQ(trend.steps[0].index, 6u);
    EXPECT_GT(trend.steps[0].after, trend.steps[0].before);
    EXPECT_THAT(trend_of(set, "none").nights, SizeIs(0));
}

TEST(Figure, NoTextLeavesItsQuotes) {
    EXPECT_EQ(gp_tic("100%s", 2), "'100%%s' 2");
    EXPECT_EQ(gp_quoted("it's `rm` $(x) \"y\"\n"), "'it''s `rm` $(x) \"y\" '");
    EXPECT_EQ(shortened("abcdefghijklmnop", 9), "ab...mnop");
    EXPECT_EQ(shortened("short", 9), "short");
    EXPECT_EQ(shortened("a\u00e4\u00e4\u00e4\u00e4\u00e4\u00e4", 9), "a...\u00e4\u00e4");
}

TEST(Tics, NoTwoSayTheSame) {
    EXPECT_EQ(decimal_tics("x", 0, 3072, ""),
              "set xrange [0:3500]\nset xtics ('0' 0, '500' 500, '1k' 1000, '1.5k' 1500, '2k' 2000, '2.5k' 2500, '3k' "
              "3000, '3.5k' 3500)");
    EXPECT_EQ(decimal_tics("y", 1.0012, 1.0025, "s"),
              "set yrange [1.0012:1.0026]\nset ytics ('1.0012s' 1.0012, '1.0014s' 1.0014, '1.0016s' 1.0016, '1.0018s' "
              "1.0018, '1.002s' 1.002, '1.0022s' 1.0022, '1.0024s' 1.0024, '1.0026s' 1.0026)");
    EXPECT_EQ(decimal_tics("y", 0, 0, ""), decimal_tics("y", 0, 1, ""));
    EXPECT_THAT(decimal_tics("y", 5, 5, "s"), HasSubstr("set yrange [5:5.5]"));
}

TEST(Tics, OfSizesArePowersOfTwoAndOfFewValuesTheValues) {
    EXPECT_EQ(size_tics("x", {4096, 16384}), "set xtics ('4K' 4096, '8K' 8192, '16K' 16384)");
    EXPECT_EQ(exact_tics("x", {1.5, 4}, "x"), "set xtics ('1.5x' 1.5, '4x' 4)");
}

TEST(Html, AnInlinedPictureIsThePagesColourAndHasItsTitle) {
    const std::string svg = inline_svg(
        "<?xml?>\n<svg \n width=\"9\">\n<title>p0</title>\n<defs>\n<g id='gpPt0'/></defs>\n<rect x=\"0\" "
        "fill=\"none\"/>\n"
        "<g fill=\"none\" color=\"black\" stroke=\"currentColor\" stroke-width=\"1.00\" stroke-linecap=\"butt\" "
        "stroke-linejoin=\"miter\">\n</g>\n<path stroke='rgb(  0,   0,   0)'  d='M1.25,2.00 L3.456,4.01 '/>\n"
        "<text>1.25 &lt;b></text>\n</svg>\n",
        "a \"b\"");
    EXPECT_EQ(svg,
              "<svg role=\"img\" aria-label=\"a &quot;b&quot;\" width=\"9\"><path stroke='currentColor' "
              "d='M1.2,2 L3.456,4 '/><text>1.25 &lt;b></text></svg>");
    EXPECT_EQ(inline_svg("no picture", "t"), "");
    EXPECT_EQ(escaped("<a href='x' b=\"y\">&"), "&lt;a href=&#39;x&#39; b=&quot;y&quot;&gt;&amp;");
}

TEST(Quantity, HasThreeDigitsAndAPrefix) {
    EXPECT_EQ(with_unit(metric_of("faults_per_second"), 12345), "12.3 k/s");
    EXPECT_EQ(with_unit(metric_of("latency_p50_ns"), 5120), "5.12 us");
    EXPECT_EQ(with_unit(metric_of("gt.svm_64K_bind_us"), 1500), "1.5 ms");
    EXPECT_EQ(with_unit(metric_of("bytes_per_second"), 2.5e9), "2.5 GB/s");
    EXPECT_EQ(with_unit(metric_of("faults"), 0.25), "0.25");
    EXPECT_EQ(with_unit(metric_of("faults"), 0), "0");
    EXPECT_EQ(with_unit(metric_of("real_time"), 999999), "1 ms");
}

TEST(Pair, IsWhereBytesComeFromAndWhereTheyGo) {
    const auto pair = pair_of("p2p/copy/one/size:2M/from:0/to:1");
    ASSERT_TRUE(pair);
    EXPECT_EQ(pair->from, 0);
    EXPECT_EQ(pair->to, 1);
    EXPECT_EQ(pair->rest, "p2p/copy/one/size:2M");
    for (const char* name : {"p2p/copy/one", "p2p/copy/from:0", "p2p/copy/to:1", "p2p/copy/from:0/to:64",
                             "p2p/copy/from:-1/to:0", "p2p/copy/from:a/to:0"})
        EXPECT_FALSE(pair_of(name)) << name;
}

class Loading : public testing::Test {
protected:
    Loading() {
        auto opened = results::Store::open(directory_.path() / "s.db", results::Database::Mode::kCreate);
        EXPECT_TRUE(opened.ok());
        store_ = std::make_unique<results::Store>(*std::move(opened));
        for (int i = 0; i < 2; ++i) add(i);
    }

    void add(int number) {
        results::NewRun run;
        run.uid = fmt::format("{:016x}", number + 1);
        run.label = "l";
        run.started_utc = fmt::format("2026-01-0{}T00:00:00Z", number + 1);
        run.directory = directory_.path() / fmt::format("run{}", number);
        run.context = {{"policy", number == 0 ? "xe-7.0" : "other"}, {"model", "native"}};
        const auto id = store_->begin_run(run);
        results::FamilyRecord family;
        family.family = "f";
        const auto process = store_->begin_process(*id, "boot", family);
        results::BenchmarkResult result;
        result.name = "f/one";
        result.time_unit = "us";
        result.metrics = {"iterations", "real_time", "bytes_per_second"};
        result.values = {{1, 1, 1}, {2, 4, 6}, {10, 20, 30}};
        result.errors = {"", "wrong data", ""};
        result.latency.add(5);
        EXPECT_TRUE(store_->add_result(*id, *process, result).ok());
        EXPECT_TRUE(store_->end_run(*id, results::RunState::kComplete, 1, run.directory).ok());
        directory_.write(fmt::format("run{}/latency/one.lat", number),
                         "# faultline-latency 1\n# benchmark: f/one/manual_time\n# unit: ns\n"
                         "# columns: repetition iteration latency\n0 0 5\n0 1 7\n");
    }

    TemporaryDirectory directory_;
    std::unique_ptr<results::Store> store_;
};

TEST_F(Loading, TakesWhatRanInNanosecondsOldestFirst) {
    const auto set = load(*store_, "label:l", {});
    ASSERT_TRUE(set.ok());
    ASSERT_THAT(set->runs, SizeIs(2));
    EXPECT_LT(set->runs[0].started_utc, set->runs[1].started_utc);
    EXPECT_THAT(set->runs[0].benchmarks[0].of("real_time"), ElementsAre(2000, 6000));
    EXPECT_THAT(set->values("f/one", "bytes_per_second"), ElementsAre(10, 30, 10, 30));
    EXPECT_EQ(set->latency("f/one").count(), 2u);
    EXPECT_EQ(set->fact("policy"), "other | xe-7.0");
    EXPECT_EQ(set->fact("model"), "native");
    EXPECT_EQ(set->fact("device"), "-");
    EXPECT_THAT(set->runs[0].benchmarks[0].samples, SizeIs(0));
}

TEST(RunSet, TakesABenchmarkTogetherThatARunHoldsTwice) {
    RunSet set = only(run_set("A", 1, 1, "p"), "threads:1");
    const std::string name = set.runs[0].benchmarks[0].name;
    set.runs[0].benchmarks.push_back(set.runs[0].benchmarks[0]);
    EXPECT_THAT(set.values(name, "real_time"), SizeIs(6));
    EXPECT_EQ(set.latency(name).count(), 600u);
    EXPECT_THAT(set.benchmark_names(), SizeIs(1));
}

TEST_F(Loading, ReadsSingleLatenciesWhenAsked) {
    const auto set = load(*store_, "label:l last:1", {.pattern = "one$", .raw_samples = true});
    ASSERT_TRUE(set.ok());
    EXPECT_THAT(set->runs[0].benchmarks[0].samples, SizeIs(2));
    EXPECT_EQ(set->runs[0].benchmarks[0].samples[1].nanoseconds, 7u);
}

TEST_F(Loading, SaysWhatIsWrong) {
    EXPECT_THAT(load(*store_, "label:l", {.pattern = "("}).error().message,
                HasSubstr("\"(\" is not a regular expression"));
    EXPECT_FALSE(load(*store_, "label:none", {}).ok());
    EXPECT_THAT(load(*store_, "label:l", {.pattern = "two"})->benchmark_names(), SizeIs(0));
}

}  // namespace
}  // namespace faultline::plots
