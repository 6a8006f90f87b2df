// What docs/statistics.md states, in a quick form: with a fixed seed, so that it says the same each time. Bounds leave
// room for the chance of fewer trials; faultline-statistics-check has the full figures.
#include <gtest/gtest.h>

#include "results/statistics/simulation.h"

namespace faultline::results {
namespace {

constexpr std::uint64_t kSeed = 7;
constexpr int kTrials = 100;

double share(long part, long whole) { return static_cast<double>(part) / static_cast<double>(whole); }

Scenario scenario(const Design& design, double effect = 0) {
    return {.design = design, .noise = {}, .changed = effect == 0 ? 0 : 1, .effect = effect, .options = {}};
}

TEST(Trials, FalseAlarmsStayUnderTheStatedRate) {
    for (const Design& design : {Design{5, 5, 1, 3}, Design{10, 10, 1, 3}, Design{3, 3, 5, 3}, Design{10, 1, 5, 3},
                                 Design{1, 1, 10, 3}, Design{1, 1, 10, 3, true}}) {
        Scenario bare = scenario(design);
        bare.options.min_effect = 0;  // nothing but the statistics
        for (const Scenario& tried : {bare, scenario(design)}) {
            const Tally tally = simulate(tried, kTrials, kSeed);
            ASSERT_EQ(tally.trials, kTrials);
            EXPECT_LE(share(tally.false_alarms, tally.unchanged), 0.05)
                << design.boots_a << " boots against " << design.boots_b << ", " << design.processes << " processes";
        }
    }
}

TEST(Trials, ATrueChangeOfFivePercentIsFound) {
    const auto found = [](const Design& design) {
        const Tally tally = simulate(scenario(design, 0.05), kTrials, kSeed);
        EXPECT_EQ(tally.called_better, 0);
        EXPECT_LE(share(tally.called_same, tally.changed), 0.01);
        return share(tally.found, tally.changed);
    };
    EXPECT_GE(found({10, 10, 1, 3}), 0.9);
    EXPECT_GE(found({10, 10, 3, 3}), 0.95);
    EXPECT_GE(found({1, 1, 10, 3, true}), 0.9);
    EXPECT_GE(found({5, 5, 1, 3}), 0.75);
}

TEST(Trials, AmongManyBenchmarksFewDiscoveriesAreFalse) {
    Scenario many = scenario({10, 10, 1, 3}, 0.10);
    many.benchmarks = 50;
    many.changed = 10;
    many.options.min_effect = 0;
    const Tally tally = simulate(many, 20, kSeed);
    EXPECT_LE(tally.false_discoveries / tally.trials, 0.05);
    EXPECT_GE(share(tally.found, tally.changed), 0.9);
}

TEST(Trials, OneBootWithoutAllowanceWouldRaiseFalseAlarms) {
    // Why the allowance is there.
    Scenario careless = scenario({1, 1, 10, 3});
    careless.options.min_effect = 0;
    careless.options.boot_noise = 0;
    const Tally tally = simulate(careless, kTrials, kSeed);
    EXPECT_GT(share(tally.false_alarms, tally.unchanged), 0.1);
}

}  // namespace
}  // namespace faultline::results
