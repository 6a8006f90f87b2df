#include "runners/run/suites.h"

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
constexpr std::array kAll = {Selection{kBench, "^(?!policy/)", 10, 0.2, seconds(900), 1.0},
                             Selection{kWorkloads, ".", 10, 0.2, seconds(900), 1.0}};

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

constexpr std::array<std::pair<std::string_view, std::string_view>, 34> kQuestions = {{
    {"fault/first_touch", "What does the first GPU access to a page of malloc memory cost?"},
    {"fault/parallelism", "How does the fault rate grow with the number of GPU threads that fault at once?"},
    {"fault/same_page_storm", "What does it cost when many GPU threads fault on one page at once?"},
    {"fault/order", "Does the order in which addresses are touched matter to the cost of faults?"},
    {"fault/thp", "What do transparent huge pages change about the first GPU access?"},
    {"fault/evicted", "What does a fault cost on memory that was on the device and has been evicted?"},
    {"fault/many_vmas", "Does a fault cost more in a process with many mappings?"},
    {"fault/contexts", "What do faults of several GPU address spaces cost each other?"},
    {"migration/to_device", "What does it cost to bring memory to the device, by faults and by prefetch, by size?"},
    {"migration/to_host", "What does it cost the CPU to touch memory that is on the device, by size?"},
    {"migration/ping_pong", "What does a page cost that GPU and CPU change in turn?"},
    {"migration/prefetch", "How fast is prefetch when several host threads ask for it at once?"},
    {"migration/eviction", "What does a fault cost when VRAM is full and something else has to go first?"},
    {"migration/atomic_contention", "What does an atomic cost when GPU and CPU work on one word at once?"},
    {"migration/preferred_location", "What does it cost to change where memory is to be while the GPU uses it?"},
    {"invalidation/munmap", "What does munmap cost the CPU while the GPU maps the memory?"},
    {"invalidation/partial_unmap", "What does unmapping a part cost the CPU while the GPU maps the memory?"},
    {"invalidation/madvise", "What does MADV_DONTNEED cost the CPU while the GPU maps the memory?"},
    {"invalidation/mprotect", "What does mprotect cost the CPU while the GPU maps the memory?"},
    {"invalidation/mremap", "What does mremap cost the CPU while the GPU maps the memory?"},
    {"invalidation/first_touch", "What does a first touch cost the CPU while the GPU maps the memory?"},
    {"baseline/launch", "What does a kernel cost that does next to nothing?"},
    {"baseline/warm_access", "What does one access cost that does not fault, by the kind of memory?"},
    {"baseline/stream", "How fast does the device read and write memory that does not fault, by its kind?"},
    {"baseline/copy", "What do explicit copies cost?"},
    {"baseline/loader", "What does a call through the Level Zero loader cost?"},
    {"p2p/migration", "How fast does memory move between devices, directly and by way of the host?"},
    {"p2p/remote_access", "How fast does a device read and write memory that stays with another?"},
    {"p2p/remote_chase", "What does one read cost of memory that stays with another device?"},
    {"p2p/copy", "How fast is an explicit copy between devices?"},
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
