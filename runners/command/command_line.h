// The command line of `faultline`: which verb was given, with what options, and the doing of it.
//
// Thread safety: once in a process.
#pragma once

#include <span>

#include "runners/command/verb.h"

namespace faultline::runners {

/// Parses the command line, does the verb that it names, and returns the exit status. --help, --version and the verb
/// "help" print by themselves; a command line that makes no sense is told in one line.
int run_command_line(int argc, char** argv, std::span<const Verb* const> verbs);

}  // namespace faultline::runners
