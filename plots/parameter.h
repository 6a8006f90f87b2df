// Numbers in benchmark names (vocabulary/benchmark_name.h): ".../threads:16", ".../size:64K",
// ".../oversubscription:1.5x".
//
// Thread safety: pure functions.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace faultline::plots {

/// A number with an optional binary K, M or G, and an optional "x" or "B" behind: "64K" -> 65536, "1.5x" -> 1.5.
std::optional<double> parse_number(std::string_view text);

struct Parameter {
    double value = 0;
    std::string rest;  ///< the name without the parameter: what tells one curve from another
};

/// The parameter `key` of a name; nothing when the name has none, or one that is no number.
std::optional<Parameter> parameter_of(const std::string& name, std::string_view key);

/// Where bytes come from and where they go: ".../from:0/to:1".
struct DevicePair {
    int from = 0;
    int to = 0;
    std::string rest;  ///< the name without both
};

/// Nothing when the name has no pair, or a number that no device has.
std::optional<DevicePair> pair_of(const std::string& name);

}  // namespace faultline::plots
