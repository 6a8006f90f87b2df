// A child process with a time limit, in a process group of its own, so that a crash or a hang stays its own.
//
// At the limit, or when the user interrupts, the group gets SIGTERM and after a grace SIGKILL. Whatever the child
// leaves running in its group is killed when it ends. A child that not even SIGKILL ends (stuck in the kernel) is given
// up. Thread safety: run_child() may be called from several threads. Never throws.
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/expected.h"
#include "runners/system/interrupt.h"

namespace faultline::runners {

struct ChildCommand {
    std::vector<std::string> argv{};                   ///< argv[0] is a path
    std::map<std::string, std::string> environment{};  ///< added to, or replacing, the caller's
    std::chrono::milliseconds time_limit{std::chrono::minutes(1)};
    std::chrono::milliseconds grace{std::chrono::seconds(5)};
};

enum class ChildEnd {
    kExited,       ///< `code` is its exit status
    kSignalled,    ///< `code` is the signal that ended it
    kTimedOut,     ///< ended by us at the time limit
    kInterrupted,  ///< ended by us because the user interrupted
    kStuck,        ///< not even SIGKILL ended it within the grace
};

struct ChildResult {
    ChildEnd end = ChildEnd::kExited;
    int code = 0;
    double seconds = 0;
    std::string out;
    std::string err;

    bool ok() const { return end == ChildEnd::kExited && code == 0; }
};

/// Called a few times a second while the child runs, with what it has printed since the last call.
using ChildProgress = std::function<void(std::string_view fresh)>;

/// Runs to its end. Standard input is empty; standard output and error are kept (the last 4 MiB of each). Error:
/// kUnavailable when it cannot be started, naming the program and why.
Expected<ChildResult> run_child(const ChildCommand& command, const Interrupt* interrupt = nullptr,
                                const ChildProgress& progress = {});

/// "exited with status 3", "killed by signal 11 (Segmentation fault)", "hung: ended at its time limit of 60 s", ...
std::string describe_end(const ChildResult& result, const ChildCommand& command);

/// The last line that is not blank: of standard error, what a program says as it gives up.
std::string last_line(const std::string& text);

}  // namespace faultline::runners
