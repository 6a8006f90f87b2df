#include "runners/command/exit_status.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>

namespace faultline::runners {

int report_error(const Error& error) {
    std::string line = error.message;
    std::replace(line.begin(), line.end(), '\n', ' ');
    fmt::print(stderr, "faultline: {}\n", line);
    return error.kind == ErrorKind::kBadInput || error.kind == ErrorKind::kUnavailable ? kExitBadInput : kExitFailed;
}

}  // namespace faultline::runners
