#include "runners/system/format.h"

#include <fmt/format.h>

#include <array>
#include <cmath>
#include <span>

namespace faultline::runners {
namespace {

struct Prefix {
    double scale;
    const char* text;
};

/// Picks the largest prefix below the value after rounding, so that 999.9k becomes 1.00M and not 1000k.
std::string three_digits(double value, std::span<const Prefix> prefixes) {
    std::size_t i = 0;
    while (i + 1 < prefixes.size() && std::abs(value) / prefixes[i].scale >= 999.5) ++i;
    const double scaled = value / prefixes[i].scale;
    const double size = std::abs(scaled);
    const bool whole = i == 0 && scaled == std::round(scaled);
    const int digits = whole || size >= 99.95 ? 0 : size >= 9.995 ? 1 : 2;
    return fmt::format("{:.{}f}{}", scaled, digits, prefixes[i].text);
}

}  // namespace

std::string format_quantity(double value) {
    static constexpr std::array kPrefixes = {Prefix{1, ""}, Prefix{1e3, "k"}, Prefix{1e6, "M"}, Prefix{1e9, "G"},
                                             Prefix{1e12, "T"}};
    return three_digits(value, kPrefixes);
}

std::string format_latency(double nanoseconds) {
    static constexpr std::array kPrefixes = {Prefix{1, "ns"}, Prefix{1e3, "us"}, Prefix{1e6, "ms"}, Prefix{1e9, "s"}};
    return three_digits(nanoseconds, kPrefixes);
}

std::string format_memory(double bytes) {
    static constexpr std::array kUnits = {"B", "KiB", "MiB", "GiB", "TiB"};
    std::size_t i = 0;
    for (; i + 1 < kUnits.size() && bytes >= 1024; ++i) bytes /= 1024;
    return fmt::format("{:.{}f} {}", bytes, i == 0 ? 0 : 1, kUnits[i]);
}

std::string format_seconds(double seconds) {
    const long whole = std::lround(seconds);
    if (whole < 60) return fmt::format("{} s", whole);
    return fmt::format("{} min {:02} s", whole / 60, whole % 60);
}

}  // namespace faultline::runners
