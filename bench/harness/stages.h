// Where the time of a fault goes, by the GT counters: microseconds of each stage of the driver's work, a fault.
//
// `queue_wait` is the reference's alone: no kernel counts how long a fault waits for a worker. `migrate` holds `copy`.
// A stage that the kernel does not count is absent; one that it counts and that took no time is 0. Thread safety:
// stateless.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "device/gt_counters.h"

namespace faultline::bench {

/// "stage.get_pages_us" and so on with the share of each fault in `moved`; nothing where there were no faults.
std::vector<std::pair<std::string, double>> stages_per_fault(const device::GtCounters& moved);

}  // namespace faultline::bench
