// What each number of a report is: its unit and which way is better, by its name.
//
// The names are those of Google Benchmark (real_time, items_per_second, ...) and of the suite's own counters
// (latency_p99_ns, gt.svm_4K_bind_us, ...), whose endings carry the unit. Thread safety: stateless.
#pragma once

#include <string>

#include "results/samples.h"

namespace faultline::results {

/// real_time and cpu_time are in ns: whoever reads them from a report converts. Rates are better when higher, all else
/// (times, counts of work done for the same result) when lower.
Metric metric_of(const std::string& name);

/// Nanoseconds in Google Benchmark's time_unit; 0 for an unknown one.
double nanoseconds_per(const std::string& time_unit);

}  // namespace faultline::results
