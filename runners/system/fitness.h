// Whether the machine is fit to measure on just now: what else it does, and whether it runs at its full speed.
//
// Judged from files of /proc and /sys alone, so that each verdict can be tested. A machine that does not tell is taken
// to be fit. Thread safety: values and pure functions.
#pragma once

#include <chrono>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "runners/system/system_roots.h"

namespace faultline::runners {

/// Processor time of the processes of other users than this one, so far.
struct OthersWork {
    /// By process and the moment it started: ids are used again.
    std::map<std::pair<int, std::uint64_t>, std::uint64_t> ticks;
    std::map<int, std::string> names;
    std::chrono::steady_clock::time_point taken;

    static OthersWork now(const SystemRoots& roots, unsigned own_user);
};

/// One line for each thing that disturbs figures, and what to do about it; empty: nothing does. `before` and `after`
/// are some time apart.
std::vector<std::string> unfitness(const SystemRoots& roots, const OthersWork& before, const OthersWork& after);

}  // namespace faultline::runners
