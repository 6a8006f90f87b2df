// The exit statuses of `faultline`, and how an error is shown.
//
// Only verbs print: results to standard output, progress and errors to standard error. A process that signal N ended
// exits with 128 + N. Thread safety: one verb at a time in a process.
#pragma once

#include "base/expected.h"

namespace faultline::runners {

inline constexpr int kExitOk = 0;
inline constexpr int kExitFailed = 1;    ///< a benchmark failed, something is worse, nothing can run
inline constexpr int kExitBadInput = 2;  ///< bad input, nothing to run on, or it cannot be told

/// Prints the error as one line, "faultline: ...", and gives the exit status.
int report_error(const Error& error);

}  // namespace faultline::runners
