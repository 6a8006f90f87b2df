#include "runners/suites.h"

#include <array>
#include <utility>

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
// Policies are compared on a model of their own.
constexpr std::array kAll = {Selection{kBench, "^(?!policy/)", 10, 0.2, seconds(900), 1.0},
                             Selection{kWorkloads, ".", 10, 0.2, seconds(900), 1.0}};

constexpr std::array kSuites = {
    Suite{"quick", "a first answer within two minutes", kQuick},
    Suite{"fault", "every fault benchmark, ten repetitions", kFault},
    Suite{"workloads", "every whole program, ten repetitions", kWorkload},
    Suite{"policy", "presets and single knobs of the reference, each beside xe-7.0", kPolicy, "slow-copy"},
    Suite{"all", "every benchmark and program of a device, ten repetitions", kAll},
};

constexpr std::array<std::pair<std::string_view, std::string_view>, 7> kQuestions = {{
    {"fault/first_touch", "What does the first GPU access to a page of malloc memory cost?"},
    {"fault/parallelism", "How does the fault rate grow with the number of GPU threads that fault at once?"},
    {"fault/same_page_storm", "What does it cost when many GPU threads fault on one page at once?"},
    {"policy/faults", "What does a policy do to the throughput of 8 faults at once?"},
    {"policy/storm", "What does a policy do when every hardware thread faults on one page?"},
    {"policy/prefetch", "What does a policy do to the throughput of prefetch?"},
    {"workload/bfs", "How fast is breadth-first search over a graph in malloc memory?"},
}};

}  // namespace

std::span<const Suite> suites() { return kSuites; }

const Suite* find_suite(std::string_view name) {
    for (const Suite& suite : kSuites) {
        if (suite.name == name) return &suite;
    }
    return nullptr;
}

std::string suite_names() {
    std::string names;
    for (const Suite& suite : kSuites) names += (names.empty() ? "" : ", ") + std::string(suite.name);
    return names;
}

std::string_view question(std::string_view family) {
    for (const auto& [name, text] : kQuestions) {
        if (name == family) return text;
    }
    return {};
}

}  // namespace faultline::runners
