#include "plots/parameter.h"

#include <algorithm>
#include <charconv>
#include <cmath>

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

std::optional<RawParameter> raw_parameter_of(const std::string& name, std::string_view key) {
    std::size_t begin = 0;
    while (begin <= name.size()) {
        const std::size_t end = std::min(name.find('/', begin), name.size());
        const std::string_view part = std::string_view(name).substr(begin, end - begin);
        if (part.size() > key.size() && part.starts_with(key) && part[key.size()] == ':') {
            std::string rest = name.substr(0, begin == 0 ? 0 : begin - 1);
            if (end < name.size()) rest += begin == 0 ? name.substr(end + 1) : name.substr(end);
            return RawParameter{std::string(part.substr(key.size() + 1)), rest};
        }
        begin = end + 1;
    }
    return std::nullopt;
}

std::optional<Parameter> parameter_of(const std::string& name, std::string_view key) {
    const auto raw = raw_parameter_of(name, key);
    const auto value = raw ? parse_number(raw->text) : std::nullopt;
    if (!value) return std::nullopt;
    return Parameter{*value, raw->rest};
}

}  // namespace faultline::plots
