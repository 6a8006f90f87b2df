// How the benchmarks of bench/fault that one kernel makes measure. What they measure, each family's file says.
//
// An iteration: fresh memory is made (not timed); the GT counters are read; the host takes the time from the submission
// of the kernels to their completion (UseManualTime); the counters are read again; the data is verified. Faults are the
// difference of svm_pagefault_count. Where the counters cannot be read, or data is wrong, or a kernel fails, the run
// ends with SkipWithError and says why.
//
// Counters are those of every benchmark (bench/harness/scenario.h). Latencies are of every access of every iteration,
// faulting or not, by the device's in-kernel clock. bytes_per_second counts the bytes that faults made accessible to
// the GPU: for each range size, faults less those that found the range valid, times the size; an iteration counts no
// more than its buffer, since an internal retry of the driver counts its range again.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/expected.h"
#include "bench/harness/pieces.h"
#include "bench/harness/touch_kernel.h"
#include "device/cold_buffer.h"
#include "device/family.h"

namespace faultline::bench {

/// What one benchmark does in each iteration.
struct FaultPlan {
    BenchmarkName name;
    Access access = Access::kRead;
    /// Not timed. May use the session's device, of which nothing may be under way afterwards.
    std::function<Expected<device::ColdBuffer>(device::Session&)> make_cold{};
    /// What is there while it runs, and goes afterwards. May be empty.
    std::function<Expected<std::shared_ptr<void>>()> make_surroundings{};
    std::vector<Sweep> sweeps{};  ///< in order, each after the one before has completed
    std::string memory{};         ///< how the memory was made, for the label: "thp=huge"
    std::int64_t iterations = 0;  ///< as ScenarioPlan has it
};

/// Registers the benchmark. Nothing is made on the device until it runs.
void register_fault_benchmark(device::Registration& registration, FaultPlan plan);

/// 1, 2, 4, ... and last `hardware_threads` itself.
std::vector<std::uint32_t> thread_counts(unsigned hardware_threads);

/// Bytes that the faults of one iteration made accessible; see above. `delta`: what the GT counters moved by.
Bytes bytes_made_accessible(const device::GtCounters& delta, Bytes at_most);

}  // namespace faultline::bench
