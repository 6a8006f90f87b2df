// The families of benchmarks that a program has, as it lists them and as `faultline` reads the list.
//
// A family answers one question; its name is the first two components of its benchmarks' names. A program that is
// started with kListFlag prints its families in the order in which it runs them, measures nothing and ends with 0:
//
//     {"families": [{"name": "fault/thp", "question": "What do transparent huge pages change about ...?",
//                    "benchmarks": ["fault/thp/huge/untouched", ...]}, ...]}
//
// Benchmarks have their canonical names (vocabulary/benchmark_name.h). A family that has none on the device at hand is
// listed with an empty array. Thread safety: values.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/expected.h"

namespace faultline {

inline constexpr std::string_view kListFlag = "--faultline_list";

struct ListedFamily {
    std::string name;      ///< "fault/first_touch"
    std::string question;  ///< one line that ends with a question mark
    std::vector<std::string> benchmarks;

    friend bool operator==(const ListedFamily&, const ListedFamily&) = default;
};

/// The text above, with a line break at its end.
std::string format_families(std::span<const ListedFamily> families);

/// Error: kUnavailable, in words that follow the name of the program: "faultline-bench: no list of families: ...".
Expected<std::vector<ListedFamily>> parse_families(std::string_view text);

}  // namespace faultline
