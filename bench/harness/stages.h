// Where the time of a benchmark's unit of work goes, by the GT counters: microseconds of each stage of the driver's
// handling (vocabulary/fault_stages.h), named "stage.<stage>_us".
//
// The unit is the GPU fault. Benchmarks that move memory by other means (a prefetch, a touch by the CPU) take none, and
// say how many ranges they moved: theirs is the range, whatever faults another process takes meanwhile. Which of the
// two it is belongs to a benchmark as its name does. Thread safety: stateless.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "device/gt_counters.h"

namespace faultline::bench {

using StageTimes = std::vector<std::pair<std::string, double>>;

/// The share of each fault in `moved`; nothing where there were no faults. A stage that the kernel does not count is
/// absent; one that it counts and that took no time is 0.
StageTimes stages_per_fault(const device::GtCounters& moved);

/// The share of each of `ranges`; nothing where there are none. A stage that did not move is absent: drivers count some
/// for faults only (xe: get_pages and bind), and 0 would say that it took no time.
StageTimes stages_per_range(const device::GtCounters& moved, std::uint64_t ranges);

}  // namespace faultline::bench
