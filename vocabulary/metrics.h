// What each number of a result is: one table of metrics with unit, good direction and meaning.
//
// Google Benchmark's own names (real_time, bytes_per_second), the suite's counters (latency_p99_ns, on_device) and the
// driver's (gt.svm_4K_bind_us). Where many names are alike, the table has a pattern: <N> stands for digits, <stage> for
// a name of kFaultStages, <counter> for letters, digits and '_'. What is not in the table may be a good thing or a bad
// one: its direction is not known, and nobody calls it better or worse. Thread safety: constants and pure functions.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace faultline {

/// Which way is better.
enum class Direction {
    kUnknown,  ///< nobody told: not in the table
    kHigher,
    kLower,
    kNeither,  ///< a fact: how much was done, not how well
};

struct KnownMetric {
    std::string_view name;  ///< or a pattern
    std::string_view unit;  ///< "ns", "us", "B/s", "1/s", "B", "KiB"; empty for a count, a ratio and a share
    Direction direction;
    std::string_view meaning;  ///< in one line
};

std::span<const KnownMetric> known_metrics();

/// The entry of a metric; null when there is none.
const KnownMetric* find_metric(std::string_view name);

/// A metric as results carry it.
struct Metric {
    std::string name;  ///< "faults_per_second"
    std::string unit;  ///< "ns"; empty for a plain count, and where it is not known
    Direction direction = Direction::kUnknown;

    /// Whether more of it can be better or worse.
    bool has_direction() const { return direction == Direction::kHigher || direction == Direction::kLower; }
};

/// By the table. Google Benchmark's times are in ns: whoever reads them from a report converts.
Metric metric_of(std::string_view name);

/// Nanoseconds in Google Benchmark's time_unit; 0 for an unknown one.
double nanoseconds_per(std::string_view time_unit);

/// "higher is better", "lower is better", "neither", "not known"
std::string_view to_string(Direction direction);

}  // namespace faultline
