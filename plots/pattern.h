// A regular expression over benchmark names: POSIX, extended. POSIX's, since std::regex throws while it matches.
//
// Thread safety: matching is const and may run concurrently.
#pragma once

#include <regex.h>

#include <memory>
#include <string>

#include "base/expected.h"

namespace faultline::plots {

class Pattern {
public:
    /// Empty: every name. Error: kBadInput, with the reason.
    static Expected<Pattern> compile(const std::string& text);

    /// Whether any part of `name` matches.
    bool is_in(const std::string& name) const;

private:
    std::shared_ptr<const ::regex_t> compiled_;  ///< null: every name
};

}  // namespace faultline::plots
