// Parameters in benchmark names: ".../threads:16", ".../size:64K", ".../oversubscription:1.5x".
//
// Thread safety: pure functions.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace faultline::plots {

/// A number with an optional binary K, M or G, and an optional "x" or "B" behind: "64K" -> 65536, "1.5x" -> 1.5.
std::optional<double> parse_number(std::string_view text);

struct RawParameter {
    std::string text;
    std::string rest;  ///< the name without the parameter
};

/// What stands behind "key:" in a name; nothing when the name has no such part.
std::optional<RawParameter> raw_parameter_of(const std::string& name, std::string_view key);

struct Parameter {
    double value = 0;
    std::string rest;  ///< the name without the parameter: what tells one curve from another
};

/// The parameter `key` of a name; nothing when the name has none, or one that is no number.
std::optional<Parameter> parameter_of(const std::string& name, std::string_view key);

}  // namespace faultline::plots
