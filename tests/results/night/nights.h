// Made-up nights in a store: what each measured follows from a function, so that a step is where the test puts it.
#pragma once

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cmath>
#include <ctime>
#include <string>

#include "results/store/store.h"

namespace faultline::results {

struct MadeNights {
    std::string benchmark = "f/x";
    int runs = 5;
    int repetitions = 3;
    std::string device = "Fake";
    std::time_t first = 1767225600;  ///< 2026-01-01T00:00:00Z
};

/// The same for the same night and run: -1 ... 1, without a pattern over nights.
inline double wobble(int night, int run, int repetition) {
    const double x = std::sin(12.9898 * night + 78.233 * run + 37.719 * repetition) * 43758.5453;
    return 2 * (x - std::floor(x)) - 1;
}

/// Night `number` (from 0) as complete, one boot and several runs of `nanoseconds`, which spread by 1 %.
inline NightInfo add_night(Store& store, int number, double nanoseconds, const MadeNights& made = {}) {
    const std::time_t start = made.first + number * std::time_t{86400};
    const auto utc = [](std::time_t time) { return fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", fmt::gmtime(time)); };
    NightInfo night;
    night.started_utc = utc(start);
    const auto add = [&]() -> Status {
        const auto id = store.begin_night(night.started_utc, {{"made", true}});
        if (!id) return id.error();
        night.id = *id;
        for (int r = 0; r < made.runs; ++r) {
            NewRun run;
            run.uid = fmt::format("{:08x}{:08x}", id->number, r + 1);
            run.label = "nightly";
            run.suite = "nightly";
            run.started_utc = utc(start + r * 900);
            run.context = {{"device", made.device}, {"device_kind", "reference"}, {"policy", "p"}, {"model", "m"}};
            const auto begun = store.begin_run(run);
            if (!begun) return begun.error();
            if (Status s = store.assign(*begun, *id); !s) return s;
            FamilyRecord family;
            family.family = "f";
            family.state = "ok";
            const auto process = store.begin_process(*begun, fmt::format("boot-{}", number), family);
            if (!process) return process.error();
            BenchmarkResult result;
            result.name = made.benchmark;
            result.time_unit = "ns";
            result.metrics = {"real_time", "latency_p50_ns"};
            result.values.resize(2);
            for (int i = 0; i < made.repetitions; ++i) {
                const double value = nanoseconds * (1 + 0.01 * wobble(number, r, i));
                result.values[0].push_back(value);
                result.values[1].push_back(value / 10);
                result.errors.emplace_back();
                result.latency.add(static_cast<std::uint64_t>(value));
            }
            if (Status s = store.add_result(*begun, *process, result); !s) return s;
            if (Status s = store.end_process(*process, family); !s) return s;
            if (Status s = store.end_run(*begun, RunState::kComplete, 1, ""); !s) return s;
        }
        return store.end_night(*id, NightState::kComplete, {{"device", made.device}, {"policy", "p"}, {"model", "m"}},
                               {});
    };
    const Status status = store.atomically(add);
    EXPECT_TRUE(status.ok()) << status.error().message;
    return night;
}

}  // namespace faultline::results
