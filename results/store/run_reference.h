// How a person names stored runs: "3fa9c1", "faultline-runs/20260102T030405Z-quick", "label:nightly last:10".
//
// A reference is a list of parts separated by blanks; it means the runs that match all of them:
//
//     HEX                a run by its id, or by the first digits of it, at least 4
//     PATH               a run by its directory
//     label:NAME         runs with this label (run --label)
//     kernel:RELEASE     runs on this kernel release
//     policy:NAME        runs under this policy (reference only)
//     night:N            runs of this night of `faultline nightly`
//     last:N             the newest N of those that match the rest
//
// NAME and RELEASE may hold * and ?, which stand for any characters and for one. Thread safety: values.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/expected.h"

namespace faultline::results {

struct RunReference {
    std::string text;  ///< as it was given
    std::vector<std::string> ids;
    std::vector<std::filesystem::path> directories;  ///< absolute
    std::vector<std::string> labels;
    std::vector<std::string> kernels;
    std::vector<std::string> policies;
    std::vector<std::int64_t> nights;
    std::optional<std::uint64_t> last;
    /// A set that is named by a property holds whole runs only, since a run under way would change under its reader.
    /// Runs named one by one may be in any state, and a list shows all.
    bool whole_only = true;

    bool names_single_runs() const { return !ids.empty() || !directories.empty(); }
};

/// Error: kBadInput, naming the part.
Expected<RunReference> parse_run_reference(std::string_view text);

/// Error: kBadInput for a label that no reference could name.
Status check_label(std::string_view label);

/// Every run there is, in any state.
RunReference all_runs();

/// The form in which directories are stored and looked up: absolute, without "." and "..", no slash at the end.
std::filesystem::path directory_key(const std::filesystem::path& directory);

}  // namespace faultline::results
