// A verb of `faultline` (run, compare, ...): what the command line says of it, and how it is done.
//
// A verb is one file: the struct of its options, their help, and the function that does it. runners/verbs.def lists
// the files, one row each. What several verbs share stands in headers of its own: shared_options.h, run/run_suite.h,
// look/write_report.h. Thread safety: one verb at a time in a process.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "runners/command/exit_status.h"
#include "runners/system/layout.h"

namespace faultline::runners {

class Options;

/// What a verb gets beside its options.
struct Invocation {
    Layout layout;
    std::vector<std::string> command_line;  ///< as it was given, for the record of a run
};

/// Does what the verb says. Returns the exit status.
using Action = std::function<int(const Invocation& invocation)>;

struct Verb {
    const char* name;
    const char* help;  ///< one line
    /// Adds the verb's options, and returns what is to be done once they are parsed. The action keeps what the options
    /// are parsed into.
    Action (*define)(Options& options);
    int bad_usage = kExitBadInput;  ///< the exit status when the options cannot be parsed
};

}  // namespace faultline::runners
