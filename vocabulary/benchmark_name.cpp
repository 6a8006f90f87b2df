#include "vocabulary/benchmark_name.h"

#include <algorithm>
#include <array>
#include <cassert>

namespace faultline {
namespace {

bool is_key(std::string_view text) {
    const auto is_lower = [](char c) { return c >= 'a' && c <= 'z'; };
    const auto belongs = [&](char c) { return is_lower(c) || (c >= '0' && c <= '9') || c == '_'; };
    return !text.empty() && is_lower(text.front()) && std::all_of(text.begin(), text.end(), belongs);
}

struct Parameter {
    std::string_view key;
    std::string_view value;
};

std::optional<Parameter> parameter_in(std::string_view component) {
    const std::size_t colon = component.find(':');
    if (colon == std::string_view::npos || !is_key(component.substr(0, colon))) return std::nullopt;
    const std::string_view value = component.substr(colon + 1);
    if (value.empty() || value.front() == ':') return std::nullopt;  // "std::sort" is a word
    return Parameter{component.substr(0, colon), value};
}

std::vector<std::string> split(std::string_view text) {
    std::vector<std::string> components;
    for (;;) {
        const std::size_t slash = text.find('/');
        components.emplace_back(text.substr(0, slash));
        if (slash == std::string_view::npos) return components;
        text.remove_prefix(slash + 1);
    }
}

/// What Google Benchmark 1.7 and later write behind a name, in BenchmarkName::str() of theirs. They write a number of
/// threads too, but the suite has a parameter of that name.
bool is_suffix(std::string_view component) {
    static constexpr std::array<std::string_view, 3> kWords = {"manual_time", "real_time", "process_time"};
    static constexpr std::array<std::string_view, 4> kKeys = {"iterations", "repeats", "min_time", "min_warmup_time"};
    if (std::find(kWords.begin(), kWords.end(), component) != kWords.end()) return true;
    const auto parameter = parameter_in(component);
    return parameter && std::find(kKeys.begin(), kKeys.end(), parameter->key) != kKeys.end() &&
           parameter->value.front() >= '0' && parameter->value.front() <= '9';
}

/// "a/b" of "a/b/c/d"
std::string_view first_two(std::string_view name) {
    const std::size_t first = name.find('/');
    return first == std::string_view::npos ? name : name.substr(0, name.find('/', first + 1));
}

}  // namespace

BenchmarkName::BenchmarkName(std::string_view family) : components_(split(family)) { assert(!family.empty()); }

BenchmarkName& BenchmarkName::word(std::string_view word) & {
    for (std::string& component : split(word)) {
        assert(!component.empty());
        components_.push_back(std::move(component));
    }
    return *this;
}

BenchmarkName& BenchmarkName::parameter(std::string_view key, std::string_view value) & {
    assert(is_key(key) && !value.empty() && value.find('/') == std::string_view::npos);
    components_.push_back(std::string(key).append(":").append(value));
    return *this;
}

Expected<BenchmarkName> BenchmarkName::parse(std::string_view text) {
    const auto bad = [&](const char* why) {
        return Error{ErrorKind::kBadInput, "\"" + std::string(text) + "\" is no name of a benchmark: " + why};
    };
    if (text.empty()) return bad("it is empty");
    const auto is_control = [](char c) { return static_cast<unsigned char>(c) < ' ' || c == 0x7f; };
    if (std::any_of(text.begin(), text.end(), is_control)) return bad("it has a control character");
    BenchmarkName name;
    name.components_ = split(text);
    for (const std::string& component : name.components_)
        if (component.empty()) return bad("it has an empty component");
    return name;
}

std::string BenchmarkName::text() const {
    std::string text;
    for (const std::string& component : components_) text.append(text.empty() ? "" : "/").append(component);
    return text;
}

std::string BenchmarkName::family() const { return std::string(first_two(text())); }

std::vector<std::string> BenchmarkName::words() const {
    std::vector<std::string> words;
    for (std::size_t i = 2; i < components_.size(); ++i)
        if (!parameter_in(components_[i])) words.push_back(components_[i]);
    return words;
}

std::optional<std::string> BenchmarkName::parameter(std::string_view key) const {
    for (const std::string& component : components_) {
        const auto found = parameter_in(component);
        if (found && found->key == key) return std::string(found->value);
    }
    return std::nullopt;
}

BenchmarkName BenchmarkName::without(std::string_view key) const {
    BenchmarkName name;
    for (const std::string& component : components_) {
        const auto found = parameter_in(component);
        if (!found || found->key != key) name.components_.push_back(component);
    }
    return name;
}

std::string canonical(std::string_view name) {
    std::string_view rest = name;
    for (;;) {
        const std::size_t slash = rest.rfind('/');
        if (slash == std::string_view::npos || slash == 0 || !is_suffix(rest.substr(slash + 1))) break;
        rest = rest.substr(0, slash);
    }
    return std::string(rest);
}

std::string family_of(std::string_view name) { return std::string(first_two(name)); }

std::string exact_filter(const std::vector<std::string>& names) {
    std::string filter = "^(";
    for (const std::string& name : names) {
        if (&name != &names.front()) filter += '|';
        for (const char c : name) {
            if (std::string_view("\\^$.|?*+()[{").find(c) != std::string_view::npos) filter += '\\';
            filter += c;
        }
    }
    return filter +
           ")(/(iterations:|repeats:|min_time:|min_warmup_time:)[0-9][^/]*|/manual_time|/real_time|/process_time)*$";
}

}  // namespace faultline
