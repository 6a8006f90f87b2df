// The counters of a result, for tests: the table of metrics must know each of them.
#pragma once

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "vocabulary/metrics.h"

namespace faultline::testing_support {

/// The names of those counters of a result (as Google Benchmark's JSON has it) that the table does not know.
inline std::vector<std::string> unknown_counters(const nlohmann::json& result) {
    // Google Benchmark's own numbers that are no metrics.
    static constexpr std::array<std::string_view, 5> kNoMetrics = {"family_index", "per_family_instance_index",
                                                                   "repetitions", "repetition_index", "threads"};
    std::vector<std::string> unknown;
    for (const auto& [name, value] : result.items()) {
        const bool is_metric =
            value.is_number() && std::find(kNoMetrics.begin(), kNoMetrics.end(), name) == kNoMetrics.end();
        if (is_metric && find_metric(name) == nullptr) unknown.push_back(name);
    }
    return unknown;
}

}  // namespace faultline::testing_support
