// The main function of bench/ and of every workload: choose the device, record what the results depend on, run.
//
// Exit status: 0 when the benchmarks ran (a benchmark that failed is a recorded result, not a failure of the program),
// 2 with one line on standard error for bad input or a missing device. Google Benchmark's own flags are all accepted.
//
// Custom context added to every output: faultline_version, device, device_kind ("xe" or "reference"), driver_version,
// policy, model, model_figures, monitor, clock_ns_per_cycle, and the environment under keys that begin with "env_".
//
// --benchmark_list_tests opens nothing on the device; where no device can be chosen it lists what a device of
// kListedHardwareThreads hardware threads would run.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/expected.h"
#include "device/session.h"

namespace faultline::device {

inline constexpr unsigned kListedHardwareThreads = 1024;

/// What a program's benchmarks may depend on when they are registered.
struct Registration {
    unsigned hardware_threads = 0;
    const Device* device = nullptr;  ///< outlives every run; null when benchmarks are only listed and there is none
    Session* session = nullptr;      ///< outlives every run; null when benchmarks are only listed
};

struct BenchmarkProgram {
    /// Takes the program's own arguments out of those that Google Benchmark left; what remains is an error. May be
    /// empty.
    std::function<Status(std::vector<std::string>&)> take_arguments;
    /// Registers the benchmarks. Called once. An error (a file that cannot be read) ends the program.
    std::function<Status(const Registration&)> register_benchmarks;
    /// Seconds of measured time a benchmark is given unless --benchmark_min_time says otherwise.
    double min_time = 0.1;
};

int benchmark_main(int argc, char** argv, const BenchmarkProgram& program);

}  // namespace faultline::device
