// A run from beginning to end: the device, the plan, the processes, the store, and the table that is shown.
//
// Prints the table to standard output, progress and warnings to standard error. Thread safety: one run at a time in a
// process.
#pragma once

#include "base/expected.h"
#include "runners/run/run_options.h"
#include "runners/system/device_lock.h"
#include "runners/system/layout.h"

namespace faultline::runners {

/// What became of a run.
struct RunEnd {
    int signal = 0;   ///< that ended it; 0: none
    bool ok = false;  ///< every benchmark ran
};

/// Runs, stores and shows a suite, under the lock of the device: `held`, or nullptr to take it. Error: kBadInput for
/// options that make no sense, kUnavailable where the device is not there or is busy, or the disk fails.
Expected<RunEnd> run_suite(const RunOptions& options, const Layout& layout, const DeviceLock* held);

/// The same for a verb: prints the error, and gives the exit status. 1 when a benchmark failed.
int run_suite_to_status(const RunOptions& options, const Layout& layout);

}  // namespace faultline::runners
