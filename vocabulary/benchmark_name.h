// The grammar of benchmark names.
//
//     fault/first_touch/read/untouched/stride:4K
//     p2p/copy/one/size:64K/from:0/to:1
//
// A name is components joined by '/': words, and parameters "key:value". The first two components are the family. A
// key is a lower-case letter followed by lower-case letters, digits and '_'; what has a colon behind anything else
// ("std::sort") is a word. A pair of devices is two parameters, `from` and `to`: the direction in which bytes move.
//
// Google Benchmark appends to a name how it ran it ("/iterations:8/manual_time"). Those suffixes are no part of a name:
// canonical() takes them off where names come in, and nobody sees, stores or types them. Thread safety: values and pure
// functions.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "base/expected.h"

namespace faultline {

class BenchmarkName {
public:
    /// REQUIRES: `family` is one or more components.
    explicit BenchmarkName(std::string_view family);

    /// Adds one word, or several joined by '/'.
    BenchmarkName& word(std::string_view word) &;
    BenchmarkName&& word(std::string_view word) && { return std::move(this->word(word)); }
    /// Adds "key:value". REQUIRES: `key` as above; `value` is not empty and has no '/'.
    BenchmarkName& parameter(std::string_view key, std::string_view value) &;
    BenchmarkName&& parameter(std::string_view key, std::string_view value) && {
        return std::move(this->parameter(key, value));
    }
    template <typename Integer, typename = std::enable_if_t<std::is_integral_v<Integer>>>
    BenchmarkName& parameter(std::string_view key, Integer value) & {
        return parameter(key, std::string_view(std::to_string(value)));
    }
    template <typename Integer, typename = std::enable_if_t<std::is_integral_v<Integer>>>
    BenchmarkName&& parameter(std::string_view key, Integer value) && {
        return std::move(this->parameter(key, value));
    }

    /// Error: kBadInput for an empty name, an empty component and a control character.
    static Expected<BenchmarkName> parse(std::string_view text);

    /// The same text that was parsed or built.
    std::string text() const;
    /// "fault/first_touch"
    std::string family() const;
    /// Behind the family, in their order.
    std::vector<std::string> words() const;
    /// Behind "key:"; nothing when the name has no such parameter.
    std::optional<std::string> parameter(std::string_view key) const;
    /// The name without this parameter; the same name when it has none.
    BenchmarkName without(std::string_view key) const;

    friend bool operator==(const BenchmarkName&, const BenchmarkName&) = default;

private:
    BenchmarkName() = default;
    std::vector<std::string> components_;
};

/// `name` without what Google Benchmark appends: /iterations:N, /repeats:N, /min_time:X, /min_warmup_time:X,
/// /manual_time, /real_time and /process_time, each only where nothing but others of them follows. A name that would be
/// empty keeps them.
std::string canonical(std::string_view name);

/// "fault/first_touch" of "fault/first_touch/read/untouched/stride:4K".
std::string family_of(std::string_view name);

/// A regular expression for --benchmark_filter that matches exactly the benchmarks of these canonical names, whatever
/// Google Benchmark appends to them.
std::string exact_filter(const std::vector<std::string>& names);

}  // namespace faultline
