// Writes the HTML page about stored runs: the charts are planned by plots/, drawn by gnuplot, and put inline.
//
// Thread safety: calls for different places may run concurrently. Errors: kBadInput for references and names that make
// no sense, kUnavailable when gnuplot or the disk fails.
#pragma once

#include <filesystem>
#include <string>

#include "base/expected.h"
#include "runners/command/shared_options.h"

namespace faultline::runners {

struct ReportOptions {
    std::string run;               ///< a reference: what the report is about
    std::string against;           ///< empty: it is compared with nothing
    std::filesystem::path output;  ///< FILE.html, or a directory that gets the file and an index of all in it
    std::filesystem::path database = kDefaultDatabase;
};

/// Returns the file that was written.
Expected<std::filesystem::path> write_report(const ReportOptions& options);

}  // namespace faultline::runners
