// faultline-statistics-check: what verdicts are worth, as a table: false alarms and power over simulated runs.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdlib>
#include <random>
#include <string>
#include <vector>

#include "results/statistics/change_point.h"
#include "results/statistics/simulation.h"
#include "results/statistics/statistics.h"

namespace faultline::results {
namespace {

constexpr std::uint64_t kSeed = 20260101;

struct Row {
    const char* design;
    Design measured;
};

constexpr std::array kRows = {
    Row{"5 boots, 1 process each", {5, 5, 1, 3}},
    Row{"10 boots, 1 process each", {10, 10, 1, 3}},
    Row{"20 boots, 1 process each", {20, 20, 1, 3}},
    Row{"10 boots, 3 processes each", {10, 10, 3, 3}},
    Row{"3 boots, 5 processes each", {3, 3, 5, 3}},
    Row{"1 boot, 10 processes", {1, 1, 10, 3}},
    Row{"10 boots against 1, 5 processes each", {10, 1, 5, 3}},
    Row{"the same boot, 5 processes", {1, 1, 5, 3, true}},
    Row{"the same boot, 10 processes", {1, 1, 10, 3, true}},
    Row{"the same boot, 20 processes", {1, 1, 20, 3, true}},
};

double share(long part, long whole) {
    return whole == 0 ? 0 : 100.0 * static_cast<double>(part) / static_cast<double>(whole);
}

/// False alarms with and without the smallest effect, what is called same, and how much is found.
void designs(int trials, const Noise& noise) {
    fmt::print("noise: boot {:.1f} %, process {:.1f} %, repetition {:.1f} %, outliers {:.0f} %\n\n", noise.boot * 100,
               noise.process * 100, noise.repetition * 100, noise.outliers * 100);
    fmt::print(
        "| each side | false alarms | without minimum effect | \"same\" | 3 % found | 5 % found | 10 % found |\n");
    fmt::print("|---|---|---|---|---|---|---|\n");
    for (const Row& row : kRows) {
        Scenario scenario{.design = row.measured, .noise = noise, .options = {}};
        const Tally none = simulate(scenario, trials, kSeed);
        scenario.options.min_effect = 0;
        const Tally bare = simulate(scenario, trials, kSeed);
        scenario.options = {};
        scenario.changed = 1;
        std::string found;
        for (const double effect : {0.03, 0.05, 0.10}) {
            scenario.effect = effect;
            const Tally tally = simulate(scenario, trials, kSeed);
            found += fmt::format(" {:.1f} % |", share(tally.found, tally.changed));
        }
        fmt::print("| {} | {:.1f} % | {:.1f} % | {:.1f} % |{}\n", row.design, share(none.false_alarms, none.unchanged),
                   share(bare.false_alarms, bare.unchanged), share(none.unchanged_same, none.unchanged), found);
    }
    fmt::print("\n");
}

/// Many benchmarks at once: what the control of the false-discovery rate does.
void suites(int trials) {
    fmt::print("100 benchmarks at once, 10 boots a side, 3 processes each, no minimum effect:\n\n");
    fmt::print("| slower by 5 % | trials with a false alarm | false among all alarms | found | called same |\n");
    fmt::print("|---|---|---|---|---|\n");
    for (const int changed : {0, 10, 50}) {
        Scenario scenario{.design = {10, 10, 3, 3}, .noise = {}, .benchmarks = 100, .changed = changed, .options = {}};
        scenario.effect = 0.05;
        scenario.options.min_effect = 0;
        const Tally tally = simulate(scenario, trials, kSeed);
        fmt::print("| {} | {:.1f} % | {:.2f} % | {:.1f} % | {:.1f} % |\n", changed,
                   share(tally.with_false_alarm, tally.trials), 100 * tally.false_discoveries / tally.trials,
                   share(tally.found, tally.changed), share(tally.called_same, tally.changed));
    }
}

/// 60 nights with the noise of one boot and one process each, looked at as a whole.
void histories(int trials) {
    fmt::print("\nHistories of 60 nights, noise of 2 % with heavy tails, a step after 40:\n\n");
    fmt::print("| step | none found | one found | more found | found within 2 nights of it |\n|---|---|---|---|---|\n");
    for (const double step : {0.0, 0.05, 0.10}) {
        Random random(kSeed);
        std::student_t_distribution<double> student(3);
        std::array<int, 3> found{};  // none, one, more
        int near = 0;
        for (int trial = 0; trial < trials; ++trial) {
            std::vector<double> nights;
            for (int night = 0; night < 60; ++night) {
                nights.push_back((night < 40 ? 1 : 1 + step) * std::exp(0.02 / std::sqrt(3.0) * student(random)));
            }
            const std::vector<ChangePoint> points = change_points(nights);
            ++found[std::min(points.size(), found.size() - 1)];
            near += points.size() == 1 && points[0].index >= 38 && points[0].index <= 42;
        }
        fmt::print("| {:.0f} % | {:.1f} % | {:.1f} % | {:.1f} % | {:.1f} % |\n", step * 100, share(found[0], trials),
                   share(found[1], trials), share(found[2], trials), share(near, trials));
    }
}

}  // namespace
}  // namespace faultline::results

int main(int argc, char** argv) {
    using namespace faultline::results;
    const int trials = argc > 1 ? std::atoi(argv[1]) : 1000;
    if (argc > 2 || trials < 1) {
        fmt::print(stderr, "usage: faultline-statistics-check [TRIALS]\n");
        return 2;
    }
    fmt::print("{} trials each, seed {}\n\n", trials, kSeed);
    designs(trials, {});
    designs(trials, {.boot = 0.02, .process = 0.02, .repetition = 0.03, .outliers = 0.05});
    suites(std::max(1, trials / 10));
    histories(trials);
    return 0;
}
