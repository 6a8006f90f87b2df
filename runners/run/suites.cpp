#include "runners/run/suites.h"

#include <fmt/format.h>

#include <array>

namespace faultline::runners {
namespace {

using std::chrono::seconds;

constexpr std::string_view kBench = "faultline-bench";
constexpr std::string_view kWorkloads = "faultline-workloads";

// Two minutes in all on four cores of the reference, the smallest and the largest case of each question.
constexpr std::array kQuick = {
    Selection{kBench, "^fault/first_touch/", 3, 0.05, seconds(60), 0.35},
    Selection{kBench, "^fault/parallelism/", 3, 0.05, seconds(60), 0.3},
    Selection{kBench, "^fault/same_page_storm/", 3, 0.05, seconds(60), 0.3},
    Selection{kWorkloads, "^workload/bfs/(karate|kron-14)/", 3, 0.05, seconds(60), 0.5},
};
constexpr std::array kFault = {Selection{kBench, "^fault/", 10, 0.2, seconds(900), 1.0}};
constexpr std::array kWorkload = {Selection{kWorkloads, "^workload/", 10, 0.2, seconds(900), 1.0}};
// Each benchmark measures its baseline beside it, so few repetitions do.
constexpr std::array kPolicy = {Selection{kBench, "^policy/", 3, 0.2, seconds(900), 0.8}};
constexpr std::array kMigration = {Selection{kBench, "^migration/", 10, 0.2, seconds(900), 0.5}};
constexpr std::array kInvalidation = {Selection{kBench, "^invalidation/", 10, 0.2, seconds(900), 0.3}};
constexpr std::array kBaseline = {Selection{kBench, "^baseline/", 10, 0.2, seconds(900), 0.3}};
constexpr std::array kP2p = {Selection{kBench, "^p2p/", 10, 0.2, seconds(900), 0.5}};
// A quarter of an hour at most on four cores of the reference.
constexpr std::array kNightly = {
    Selection{kBench, "^fault/", 5, 0.05, seconds(600), 0.3},
    Selection{kBench, "^(migration|invalidation|baseline|p2p)/", 5, 0.05, seconds(600), 0.4},
    Selection{kWorkloads, "^workload/", 5, 0.05, seconds(300), 0.5},
};
// Policies are compared on a model of their own.
constexpr std::array kAll = {Selection{kBench, "", 10, 0.2, seconds(900), 1.0, "^policy/"},
                             Selection{kWorkloads, "", 10, 0.2, seconds(900), 1.0}};

constexpr std::array kSuites = {
    Suite{"quick", "a first answer within two minutes", kQuick},
    Suite{"fault", "every fault benchmark, ten repetitions", kFault},
    Suite{"migration", "memory to the device, to the host and in between, ten repetitions", kMigration},
    Suite{"invalidation", "what the CPU pays for what the GPU has mapped, ten repetitions", kInvalidation},
    Suite{"baseline", "what faults are to be compared with, ten repetitions", kBaseline},
    Suite{"p2p", "every pair of devices, ten repetitions; on the reference, with --model native-2", kP2p},
    Suite{"workloads", "every whole program, ten repetitions", kWorkload},
    Suite{"policy", "presets and single knobs of the reference, each beside xe-7.0", kPolicy, "slow-copy"},
    Suite{"nightly", "every benchmark and program within fifteen minutes; p2p is skipped on one device", kNightly},
    Suite{"all", "every benchmark and program, ten repetitions; p2p is skipped on one device", kAll},
};

}  // namespace

std::span<const Suite> suites() { return kSuites; }

Expected<const Suite*> find_suite(std::string_view name) {
    for (const Suite& suite : kSuites) {
        if (suite.name == name) return &suite;
    }
    return Error{ErrorKind::kBadInput, fmt::format("unknown suite \"{}\"; suites: {}", name, suite_names())};
}

std::string suite_names() {
    std::string names;
    for (const Suite& suite : kSuites) names += (names.empty() ? "" : ", ") + std::string(suite.name);
    return names;
}

}  // namespace faultline::runners
