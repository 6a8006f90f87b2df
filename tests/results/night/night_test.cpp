// Nights in the store, which steps are news, and what thinning leaves.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "results/night/steps.h"
#include "results/night/thin.h"
#include "results/store/sample_reader.h"
#include "results/store/schema.h"
#include "tests/results/night/nights.h"
#include "tests/temporary_directory.h"

namespace faultline::results {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::Ge;
using testing::IsEmpty;
using testing::Le;
using testing::SizeIs;

constexpr std::time_t kDay = 86400;

class Nights : public testing::Test {
protected:
    Store open() const {
        auto store = Store::open(directory_.path() / "faultline.db", Database::Mode::kCreate);
        EXPECT_TRUE(store.ok());
        return *std::move(store);
    }
    const TemporaryDirectory& directory() const { return directory_; }

private:
    TemporaryDirectory directory_;
};

TEST_F(Nights, AreKeptWithTheirRunsAndSteps) {
    Store store = open();
    const NightInfo first = add_night(store, 0, 1000);
    const NightInfo second = add_night(store, 1, 1000);
    const auto nights = store.nights();
    ASSERT_TRUE(nights.ok());
    ASSERT_THAT(*nights, SizeIs(2));
    EXPECT_EQ((*nights)[0].id, second.id);
    EXPECT_EQ((*nights)[1].state, NightState::kComplete);
    EXPECT_EQ((*nights)[1].request, (Json{{"made", true}}));
    const auto reference = parse_run_reference("night:" + std::to_string(first.id.number));
    ASSERT_TRUE(reference.ok());
    const auto runs = store.find(*reference);
    ASSERT_TRUE(runs.ok());
    EXPECT_THAT(*runs, SizeIs(5));
    EXPECT_THAT(*store.runs_of(second.id), SizeIs(5));
    EXPECT_NE(runs->front().uid, store.runs_of(second.id)->back().uid);
    for (const char* text : {"night:0", "night:x", "night:99999999999", "night:-1"}) {
        EXPECT_FALSE(parse_run_reference(text).ok()) << text;
    }

    const Step step = {
        .benchmark = "f/x", .metric = "real_time", .first_night = first.id, .before = 1, .after = 2, .worse = true};
    ASSERT_TRUE(store.count_resume(second.id).ok());
    ASSERT_TRUE(store.end_night(second.id, NightState::kAbandoned, {{"a", 1}}, {step}).ok());
    const auto steps = store.steps();
    ASSERT_THAT(*steps, SizeIs(1));
    EXPECT_EQ(steps->front().benchmark, "f/x");
    EXPECT_EQ(steps->front().first_night, first.id);
    EXPECT_TRUE(steps->front().worse);
    EXPECT_EQ(store.nights()->front().resumes, 1);
    EXPECT_EQ(store.nights()->front().state, NightState::kAbandoned);
    EXPECT_EQ(store.nights()->front().verdict, (Json{{"a", 1}}));
}

TEST_F(Nights, AnOlderStoreGetsThem) {
    const auto path = directory().path() / "old.db";
    {
        const auto database = Database::open(path, Database::Mode::kCreate);
        ASSERT_TRUE(migrate(**database, schema_migrations().first(1)).ok());
        ASSERT_TRUE((*database)
                        ->execute("INSERT INTO environment VALUES (1, '{}');"
                                  "INSERT INTO run (uid, label, suite, started_utc, seconds, state, directory,"
                                  " work_directory, environment_id, kernel, device, policy, model) VALUES"
                                  " ('00000000000000aa', 'l', 's', '2026-01-01T00:00:00Z', 1, 'complete', '', '', 1,"
                                  " '', '', '', '')")
                        .ok());
    }
    auto store = Store::open(path, Database::Mode::kExisting);
    ASSERT_TRUE(store.ok()) << store.error().message;
    EXPECT_THAT(*store->nights(), IsEmpty());
    EXPECT_THAT(*store->find(all_runs()), SizeIs(1));
    add_night(*store, 0, 1000);
    EXPECT_THAT(*store->nights(), SizeIs(1));
}

class Unreported : public testing::Test {
protected:
    static Step step(std::int64_t night, double before, double after) {
        return {.benchmark = "f/x",
                .metric = "real_time",
                .first_night = {night},
                .before = before,
                .after = after,
                .worse = after > before};
    }
    static std::size_t count(const std::vector<Step>& found, const std::vector<Step>& reported) {
        std::vector<NightId> nights;
        for (std::int64_t n = 1; n <= 40; ++n) nights.push_back({n});
        return unreported(found, reported, nights, 7).size();
    }
};

TEST_F(Unreported, IsWhatIsNotThere) {
    EXPECT_EQ(count({step(10, 100, 110)}, {}), 1u);
    // Found twice in one night, by comparison and by change-point detection.
    EXPECT_EQ(count({step(10, 100, 110), step(12, 100, 111)}, {}), 1u);
    Step other = step(10, 100, 110);
    other.benchmark = "f/y";
    EXPECT_EQ(count({step(10, 100, 110)}, {other}), 1u);
    other = step(10, 100, 110);
    other.metric = "latency_p50_ns";
    EXPECT_EQ(count({step(10, 100, 110)}, {other}), 1u);
}

TEST_F(Unreported, TheSameStepIsNoNews) {
    EXPECT_EQ(count({step(10, 100, 110)}, {step(12, 100, 111)}), 0u);
    EXPECT_EQ(count({step(17, 100, 110)}, {step(10, 100, 110)}), 0u);
    EXPECT_EQ(count({step(18, 100, 110)}, {step(10, 100, 110)}), 1u) << "too far apart";
}

TEST_F(Unreported, WhatGoesFartherOrBackIsNews) {
    EXPECT_EQ(count({step(12, 100, 130)}, {step(10, 100, 110)}), 1u);
    EXPECT_EQ(count({step(12, 110, 100)}, {step(10, 100, 110)}), 1u);
    // There, back, and there again.
    EXPECT_EQ(count({step(14, 100, 110)}, {step(10, 100, 110), step(12, 110, 100)}), 1u);
    EXPECT_EQ(count({step(10, 100, 110)}, {step(10, 100, 110), step(12, 110, 100)}), 0u);
}

TEST_F(Unreported, NightsOfOtherDevicesSayNothing) { EXPECT_EQ(count({step(40, 100, 110)}, {step(41, 100, 110)}), 1u); }

/// What is reported over `nights` nights of `level`, each judged with those before it, by the night of its first.
std::vector<int> reports(int nights, const std::function<double(int)>& level, int series, double noise = 0.01) {
    std::vector<Step> reported;
    std::vector<int> when;
    NightHistory history;
    std::vector<NightId> ids;
    for (int n = 0; n < nights; ++n) {
        SampleSet set;
        for (int s = 0; s < series; ++s) {
            Series measured{"f/" + std::to_string(s), metric_of("real_time"), {}};
            for (int r = 0; r < 5; ++r)
                measured.samples.push_back({"b", "p", r, level(n) * (1 + noise * wobble(n, s, r))});
            set.series.push_back(std::move(measured));
        }
        ids.push_back({n + 1});
        history.add(ids.back(), set);
        const auto fresh = unreported(newest_steps(history), reported, ids, 7);
        for (const Step& step : fresh) when.push_back(static_cast<int>(step.first_night.number) - 1);
        reported.insert(reported.end(), fresh.begin(), fresh.end());
    }
    return when;
}

// 200 benchmarks over 60 nights that spread by a tenth, each night looked at.
TEST(NightSteps, HistoriesWithoutAStepReportNextToNone) {
    const std::size_t reported = reports(
                                     60, [](int) { return 1000.0; }, 200, 0.1)
                                     .size();
    EXPECT_LE(reported, 1u);
}

/// The night of a step is found to within what its noise hides.
auto About(int night) { return AllOf(Ge(night - 2), Le(night + 2)); }

TEST(NightSteps, OneStepIsReportedOnce) {
    EXPECT_THAT(reports(
                    40, [](int n) { return n < 20 ? 1000.0 : 1050.0; }, 1),
                ElementsAre(About(20)));
    EXPECT_THAT(reports(
                    50, [](int n) { return n < 15 || n >= 30 ? 1000.0 : 1080.0; }, 1),
                ElementsAre(About(15), About(30)));
}

TEST(NightSteps, ADriftIsReportedNowAndThen) {
    const std::size_t reported = reports(
                                     60, [](int n) { return 1000 * std::pow(1.004, n); }, 1)
                                     .size();
    EXPECT_GE(reported, 1u);
    EXPECT_LE(reported, 8u);
}

TEST_F(Nights, ThinningKeepsOneNightAWeekAndTheYoung) {
    Store store = open();
    std::vector<NightInfo> nights;
    for (int n = 0; n < 120; ++n) nights.push_back(add_night(store, n, 1000, {.runs = 1}));
    // 2026-01-01 is a Thursday: the first week has 4 days.
    const std::time_t now = MadeNights{}.first + 119 * kDay;
    const auto stored = store.nights();
    ASSERT_TRUE(stored.ok());
    const auto thin = nights_to_thin(*stored, now);
    const std::set<NightId> thinned(thin.begin(), thin.end());
    for (int n = 0; n < 120; ++n) {
        const bool old = 119 - n > kWholeDays;
        const bool first_of_week = n == 0 || n % 7 == 4;
        EXPECT_EQ(thinned.contains(nights[static_cast<std::size_t>(n)].id), old && !first_of_week) << n;
    }
}

TEST_F(Nights, ThinningLeavesMediansAndHistograms) {
    Store store = open();
    std::vector<NightInfo> nights;
    for (int n = 0; n < 4; ++n) nights.push_back(add_night(store, n, 1000));
    const auto run = store.runs_of(nights[1].id)->front();
    const auto before = *samples_of(store, run.uid);
    // A directory of the run, and one that only has its name.
    const auto own = directory().path() / "own";
    directory().write("own/run.json",
                      Json{{"context", {{"faultline", {{"run", run.uid}}}}}, {"benchmarks", Json::array()}}.dump());
    directory().write("own/latency/x.lat", "x");
    ASSERT_TRUE(store.end_run(run.id, RunState::kComplete, 1, own).ok());
    const auto foreign = store.runs_of(nights[2].id)->front();
    directory().write("foreign/run.json",
                      Json{{"context", {{"faultline", {{"run", run.uid}}}}}, {"benchmarks", Json::array()}}.dump());
    ASSERT_TRUE(store.end_run(foreign.id, RunState::kComplete, 1, directory().path() / "foreign").ok());
    const std::time_t now = MadeNights{}.first + 200 * kDay;
    const auto kept = store.runs_of(nights[3].id)->front().uid;
    const auto thinned = thin_nights(store, now, {kept});
    ASSERT_TRUE(thinned.ok()) << thinned.error().message;
    EXPECT_EQ(*thinned, 2u);  // not the first of the week, nor what was asked for

    const auto after = *samples_of(store, run.uid);
    ASSERT_THAT(after.series, SizeIs(2));
    ASSERT_THAT(after.series[0].samples, SizeIs(1));
    std::vector<double> values;
    for (const Sample& sample : before.series[0].samples) values.push_back(sample.value);
    ASSERT_THAT(values, SizeIs(3));
    std::sort(values.begin(), values.end());
    EXPECT_EQ(after.series[0].samples[0].value, values[1]);
    std::uint64_t latencies = 0;
    ASSERT_TRUE(store
                    .visit(run, {.benchmark = "", .latencies = true},
                           [&](StoredResult&& stored) { latencies += stored.result.latency.count(); })
                    .ok());
    EXPECT_EQ(latencies, 3u);
    EXPECT_FALSE(std::filesystem::exists(own));
    EXPECT_TRUE(std::filesystem::exists(directory().path() / "foreign"));
    EXPECT_THAT(samples_of(store, kept)->series[0].samples, SizeIs(3));
    EXPECT_EQ(*thin_nights(store, now, {kept}), 0u);
}

}  // namespace
}  // namespace faultline::results
