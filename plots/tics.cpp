#include "plots/tics.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "plots/quantity.h"

namespace faultline::plots {
namespace {

/// 1, 2 or 5 of a decade, so that four to eight fit `span`.
double round_step(double span) {
    constexpr double kTics = 8;
    const double decade = std::pow(10, std::floor(std::log10(span / kTics)));
    for (const double digit : {1, 2, 5}) {
        if (digit * decade * kTics >= span) return digit * decade;
    }
    return 10 * decade;
}

}  // namespace

std::string decimal_tics(std::string_view axis, double low, double high, std::string_view unit) {
    if (high <= low) high = low == 0 ? 1 : low + std::abs(low) * 0.1;  // a range of nothing is none
    const double step = round_step(high - low);
    constexpr double kRounding = 1e-9;  // of a value that lies on a tic
    const double first = std::floor(low / step + kRounding);
    const double last = std::ceil(high / step - kRounding);
    std::string tics;
    for (double i = first; i <= last; ++i) {
        tics += fmt::format("{}'{}' {:.10g}", tics.empty() ? "" : ", ", tic_text(i * step, unit), i * step);
    }
    return fmt::format("set {0}range [{1:.10g}:{2:.10g}]\nset {0}tics ({3})", axis, first * step, last * step, tics);
}

std::string size_tics(std::string_view axis, const std::vector<double>& values) {
    if (values.empty()) return "";
    const auto [low, high] = std::minmax_element(values.begin(), values.end());
    const int first = static_cast<int>(std::floor(std::log2(*low)));
    const int last = static_cast<int>(std::ceil(std::log2(*high)));
    std::string tics;
    for (int power = first; power <= last; power += last - first > 8 ? 2 : 1) {
        static constexpr std::array<const char*, 4> kPrefixes = {"", "K", "M", "G"};
        const int prefix = std::clamp(power / 10, 0, 3);
        tics += fmt::format("{}'{:.0f}{}' {:.0f}", tics.empty() ? "" : ", ", std::exp2(power - 10 * prefix),
                            kPrefixes[prefix], std::exp2(power));
    }
    return fmt::format("set {}tics ({})", axis, tics);
}

std::string exact_tics(std::string_view axis, const std::vector<double>& values, std::string_view suffix) {
    std::string tics;
    for (const double value : values)
        tics += fmt::format("{}'{:g}{}' {:g}", tics.empty() ? "" : ", ", value, suffix, value);
    return fmt::format("set {}tics ({})", axis, tics);
}

}  // namespace faultline::plots
