#include "plots/parameter.h"

#include <charconv>
#include <cmath>

#include "vocabulary/benchmark_name.h"

namespace faultline::plots {

std::optional<double> parse_number(std::string_view text) {
    double value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{} || !std::isfinite(value)) return std::nullopt;  // it also takes "inf" and "nan"
    std::string_view rest(end, static_cast<std::size_t>(text.data() + text.size() - end));
    for (const auto& [prefix, factor] : {std::pair{'K', 1024.0}, {'M', 1024.0 * 1024}, {'G', 1024.0 * 1024 * 1024}}) {
        if (rest.starts_with(prefix)) {
            value *= factor;
            rest.remove_prefix(1);
            break;
        }
    }
    if (rest.empty() || rest == "x" || rest == "B" || rest == "iB") return value;
    return std::nullopt;
}

std::optional<Parameter> parameter_of(const std::string& name, std::string_view key) {
    const auto parsed = BenchmarkName::parse(name);
    const auto text = parsed ? parsed->parameter(key) : std::nullopt;
    const auto value = text ? parse_number(*text) : std::nullopt;
    if (!value) return std::nullopt;
    return Parameter{*value, parsed->without(key).text()};
}

std::optional<DevicePair> pair_of(const std::string& name) {
    constexpr double kDevices = 64;  // more do not fit a picture
    const auto is_device = [](const std::optional<Parameter>& p) { return p && p->value >= 0 && p->value < kDevices; };
    const auto from = parameter_of(name, "from");
    if (!is_device(from)) return std::nullopt;
    const auto to = parameter_of(from->rest, "to");
    if (!is_device(to)) return std::nullopt;
    return DevicePair{static_cast<int>(from->value), static_cast<int>(to->value), to->rest};
}

}  // namespace faultline::plots
