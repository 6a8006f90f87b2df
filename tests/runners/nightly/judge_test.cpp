// What a night comes to, over made-up histories.
#include "runners/nightly/judge.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>

#include "tests/results/night/nights.h"
#include "tests/temporary_directory.h"

namespace faultline::runners {
namespace {

using results::add_night;
using results::NightInfo;
using results::NightOutcome;
using results::NightVerdict;
using results::Store;
using testing::AllOf;
using testing::Contains;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

class JudgeNight : public testing::Test {
protected:
    JudgeNight() : store_(open()) {}

    Store& store() { return store_; }

    NightVerdict judge(const NightInfo& night, const JudgeOptions& options = {}) {
        auto verdict = judge_night(store_, night, options);
        EXPECT_TRUE(verdict.ok());
        // As the command does.
        EXPECT_TRUE(store_.end_night(night.id, results::NightState::kComplete, to_json(*verdict), verdict->steps).ok());
        return *std::move(verdict);
    }

    /// The nights (from 0) in which a night of `level` is worse, each judged when it is the newest.
    std::vector<int> alarms(int nights, const std::function<double(int)>& level) {
        std::vector<int> alarmed;
        for (int n = 0; n < nights; ++n) {
            const NightVerdict verdict = judge(add_night(store_, n, level(n)));
            if (outcome_of(verdict) == NightOutcome::kWorse) alarmed.push_back(n);
        }
        return alarmed;
    }

private:
    Store open() const {
        auto store = Store::open(directory_.path() / "faultline.db", results::Database::Mode::kCreate);
        EXPECT_TRUE(store.ok());
        return *std::move(store);
    }
    TemporaryDirectory directory_;
    Store store_;
};

TEST_F(JudgeNight, WithoutAStepThereIsNoAlarm) {
    EXPECT_THAT(alarms(40, [](int) { return 1000.0; }), IsEmpty());
}

TEST_F(JudgeNight, AStepThatOneNightShowsAlarmsThatNightAndNoOther) {
    const auto alarmed = alarms(45, [](int n) { return n < 20 ? 1000.0 : 1200.0; });
    EXPECT_EQ(alarmed, std::vector{20});
    // It was found by the comparison; a week later the history shows it too.
    EXPECT_THAT(*store().steps(), SizeIs(2)) << "real_time and latency_p50_ns, each once";
}

TEST_F(JudgeNight, AStepTooSmallForOneNightIsFoundByTheHistory) {
    const auto alarmed =
        alarms(40, [](int n) { return (n < 20 ? 1000.0 : 1050.0) * (1 + 0.02 * results::wobble(n, 99, 0)); });
    ASSERT_THAT(alarmed, SizeIs(1));
    EXPECT_GT(alarmed[0], 20);
    EXPECT_LT(alarmed[0], 28);
    EXPECT_NEAR(static_cast<double>(store().steps()->front().first_night.number), 21, 2);
}

TEST_F(JudgeNight, AStepForTheBetterIsToldAndIsNoAlarm) {
    EXPECT_THAT(alarms(30, [](int n) { return n < 20 ? 1000.0 : 800.0; }), IsEmpty());
    ASSERT_THAT(*store().steps(), SizeIs(2));
    EXPECT_FALSE(store().steps()->front().worse);
}

TEST_F(JudgeNight, ADriftAlarmsNowAndThen) {
    const auto alarmed = alarms(60, [](int n) { return 1000 * std::pow(1.004, n); });
    EXPECT_GE(alarmed.size(), 1u);
    EXPECT_LE(alarmed.size(), 10u);
}

TEST_F(JudgeNight, ABaselineAlarmsEveryNight) {
    for (int n = 0; n < 10; ++n) add_night(store(), n, 1000, {.repetitions = 2});
    JudgeOptions options;
    options.baseline = "night:1";
    std::vector<NightVerdict> verdicts;
    for (int n = 10; n < 14; ++n) verdicts.push_back(judge(add_night(store(), n, 1300), options));
    for (const NightVerdict& verdict : verdicts) {
        EXPECT_EQ(outcome_of(verdict), NightOutcome::kWorse);
        EXPECT_THAT(reasons_of(verdict), Contains(AllOf(HasSubstr("worse than night:1"))));
    }
    EXPECT_THAT(verdicts[0].steps, SizeIs(2));
    EXPECT_THAT(verdicts[1].steps, IsEmpty());
    options.baseline = "label:nobody";
    const NightVerdict without = judge(add_night(store(), 14, 1300), options);
    EXPECT_EQ(outcome_of(without), NightOutcome::kCannotTell);
    EXPECT_THAT(reasons_of(without), Contains(HasSubstr("no stored run matches")));
}

TEST_F(JudgeNight, OtherDevicesAreOtherHistories) {
    for (int n = 0; n < 10; ++n) add_night(store(), n, 1000);
    const NightInfo other = add_night(store(), 10, 5000, {.device = "Other"});
    EXPECT_THAT(*nights_before(store(), other), IsEmpty());
    const NightVerdict verdict = judge(other);
    EXPECT_EQ(outcome_of(verdict), NightOutcome::kCannotTell);
    EXPECT_THAT(verdict.recent.obstacle, HasSubstr("there is none"));
    const NightInfo same = add_night(store(), 11, 1000);
    EXPECT_THAT(*nights_before(store(), same), SizeIs(10));
    EXPECT_EQ(outcome_of(judge(same)), NightOutcome::kNothingWorse);
}

}  // namespace
}  // namespace faultline::runners
