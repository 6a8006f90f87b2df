// How a benchmark says that it cannot run where it is: neither a failure nor a result.
//
// Google Benchmark knows one way to end early, an error with a message. A message that begins with kSkipPrefix is the
// reason for a skip; whoever reads results asks is_skip(), and nobody compares texts. Thread safety: pure functions.
#pragma once

#include <string>
#include <string_view>

#include "base/expected.h"

namespace faultline {

inline constexpr std::string_view kSkipPrefix = "skipped: ";

inline bool is_skip(std::string_view message) { return message.starts_with(kSkipPrefix); }

/// The reason, of a message that is_skip().
inline std::string_view skip_reason(std::string_view message) { return message.substr(kSkipPrefix.size()); }

inline Error skip(std::string_view reason) {
    return {ErrorKind::kUnavailable, std::string(kSkipPrefix).append(reason)};
}

}  // namespace faultline
