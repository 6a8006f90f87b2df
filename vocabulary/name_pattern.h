// Which benchmarks a person means: a regular expression over canonical names, the same in every verb and chart.
//
// POSIX, extended, as Google Benchmark takes it for --benchmark_filter; any part of a name may match, and ^ and $ stand
// for its ends. (std::regex throws while it matches.) Thread safety: matching is const and may run concurrently.
#pragma once

#include <regex.h>

#include <memory>
#include <string>

#include "base/expected.h"

namespace faultline {

class NamePattern {
public:
    /// Empty: every name. Error: kBadInput; the message is the reason alone, for the caller to say whose text it is.
    static Expected<NamePattern> compile(const std::string& text);

    /// Whether any part of `name` matches.
    bool is_in(const std::string& name) const;

private:
    std::shared_ptr<const ::regex_t> compiled_;  ///< null: every name
};

}  // namespace faultline
