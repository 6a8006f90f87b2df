#include "results/metric.h"

#include <array>
#include <string_view>
#include <utility>

namespace faultline::results {

Metric metric_of(const std::string& name) {
    struct Ending {
        std::string_view text;
        const char* unit;
        bool higher_is_better;
    };
    static constexpr std::array<Ending, 7> kEndings = {{{"bytes_per_second", "B/s", true},
                                                        {"_per_second", "1/s", true},
                                                        {"_time", "ns", false},
                                                        {"_ns", "ns", false},
                                                        {"_us", "us", false},
                                                        {"_kb", "KiB", false},
                                                        {"bytes", "B", false}}};
    for (const Ending& ending : kEndings) {
        if (name.ends_with(ending.text)) return {name, ending.unit, ending.higher_is_better};
    }
    // More iterations fit into the same time when each is faster.
    return {name, "", name == "iterations"};
}

double nanoseconds_per(const std::string& time_unit) {
    static constexpr std::array<std::pair<std::string_view, double>, 4> kUnits = {
        {{"ns", 1}, {"us", 1e3}, {"ms", 1e6}, {"s", 1e9}}};
    for (const auto& [unit, nanoseconds] : kUnits) {
        if (time_unit == unit) return nanoseconds;
    }
    return 0;
}

}  // namespace faultline::results
