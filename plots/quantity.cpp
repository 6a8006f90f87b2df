#include "plots/quantity.h"

#include <fmt/format.h>

#include <array>
#include <cmath>
#include <utility>

namespace faultline::plots {
namespace {

std::string prefixed(double value, std::string_view unit, int digits, std::string_view space) {
    static constexpr std::array<std::pair<double, const char*>, 8> kPrefixes = {
        {{1e12, "T"}, {1e9, "G"}, {1e6, "M"}, {1e3, "k"}, {1, ""}, {1e-3, "m"}, {1e-6, "u"}, {1e-9, "n"}}};
    if (value == 0 || !std::isfinite(value)) return fmt::format("{}{}{}", value, space, unit);
    // A count has no thousandths.
    for (const auto& [factor, prefix] : kPrefixes) {
        const bool last = factor == 1e-9 || (unit.empty() && factor == 1);
        if (std::abs(value) >= factor * 0.9995 || last) {
            return fmt::format("{:.{}g}{}{}{}", value / factor, digits, space, prefix, unit);
        }
    }
    return "";
}

std::string spaced(double value, const std::string& unit) { return prefixed(value, unit, 3, unit.empty() ? "" : " "); }

}  // namespace

std::string tic_text(double value, std::string_view unit) { return prefixed(value, unit, 6, ""); }

std::string with_unit(const Metric& metric, double value) {
    if (metric.unit == "ns") return spaced(value * 1e-9, "s");
    if (metric.unit == "us") return spaced(value * 1e-6, "s");
    if (metric.unit == "KiB") return spaced(value * 1024, "B");
    if (metric.unit == "1/s") return spaced(value, "/s");
    return spaced(value, metric.unit);
}

}  // namespace faultline::plots
