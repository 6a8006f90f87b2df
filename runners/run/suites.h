// The suites: which benchmarks `faultline run` runs, how often and how long. One table, in suites.cpp.
//
// Thread safety: constants.
#pragma once

#include <chrono>
#include <span>
#include <string>
#include <string_view>

#include "base/expected.h"

namespace faultline::runners {

/// Some benchmarks of one program, all run alike. Each family among them becomes a process of its own.
struct Selection {
    std::string_view program;  ///< file name beside `faultline`
    std::string_view filter;   ///< as NamePattern
    unsigned repetitions;
    double min_time;                  ///< seconds a repetition, as Google Benchmark's --benchmark_min_time
    std::chrono::seconds time_limit;  ///< of one family's process
    double estimate;                  ///< seconds one repetition of one benchmark takes, for the first ETA
    std::string_view except{};        ///< not empty: without those that match this
};

struct Suite {
    std::string_view name;
    std::string_view description;
    std::span<const Selection> selections;
    std::string_view model{};  ///< not empty: for the reference alone, on this device model unless another is asked for
};

std::span<const Suite> suites();
/// Error: kBadInput, naming the suites that there are.
Expected<const Suite*> find_suite(std::string_view name);
/// "quick, fault, migration, invalidation, baseline, p2p, workloads, policy, nightly, all"
std::string suite_names();

}  // namespace faultline::runners
