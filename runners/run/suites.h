// The suites: which benchmarks `faultline run` runs, how often and how long. One table, in suites.cpp.
//
// Thread safety: constants.
#pragma once

#include <chrono>
#include <span>
#include <string>
#include <string_view>

namespace faultline::runners {

/// Some benchmarks of one program, all run alike. Each family among them becomes a process of its own.
struct Selection {
    std::string_view program;  ///< file name beside `faultline`
    std::string_view filter;   ///< regular expression over benchmark names
    unsigned repetitions;
    double min_time;                  ///< seconds a repetition, as Google Benchmark's --benchmark_min_time
    std::chrono::seconds time_limit;  ///< of one family's process
    double estimate;                  ///< seconds one repetition of one benchmark takes, for the first ETA
};

struct Suite {
    std::string_view name;
    std::string_view description;
    std::span<const Selection> selections;
    std::string_view model{};  ///< not empty: for the reference alone, on this device model unless another is asked for
};

std::span<const Suite> suites();
/// nullptr when there is none of that name.
const Suite* find_suite(std::string_view name);
/// "quick, fault, migration, invalidation, baseline, p2p, workloads, policy, nightly, all"
std::string suite_names();

/// What a family asks, in one line; empty for a family that the table does not know.
std::string_view question(std::string_view family);

}  // namespace faultline::runners
