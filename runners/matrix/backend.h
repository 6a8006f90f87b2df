// How a kernel gets to run: the seam between the kernel matrix and the two ways to boot.
//
// Thread safety: one caller at a time. A back end keeps nothing between processes; what has to outlive a reboot is in
// MatrixState.
#pragma once

#include <string>

#include "base/expected.h"
#include "runners/command/exit_status.h"
#include "runners/matrix/state.h"

namespace faultline::runners {

/// One boot of one kernel, to be measured once.
struct MatrixStep {
    std::string kernel;   ///< as it was given
    std::string release;  ///< what `uname -r` has to say
    RunOptions run;       ///< label, output and database included
};

struct Measured {
    bool rebooting = false;  ///< the machine is about to end this process: nothing is measured yet
    int status = kExitOk;    ///< of the run, as for `faultline run`; from 128 on it was interrupted
};

class KernelBackend {
public:
    KernelBackend() = default;
    KernelBackend(const KernelBackend&) = delete;
    KernelBackend& operator=(const KernelBackend&) = delete;
    virtual ~KernelBackend() = default;

    /// The release of a kernel of this machine. Error: kBadInput where it cannot be booted.
    virtual Expected<std::string> release_of(const std::string& kernel) = 0;
    /// Called once before the first measure(). Names what is missing before anything boots, and decides and saves in
    /// `state` what the options left open.
    virtual Status prepare(MatrixState& state) = 0;
    /// Boots the kernel, runs the suite on it, and stores the run. `save` keeps `state` on disk.
    virtual Expected<Measured> measure(const MatrixStep& step, MatrixState& state) = 0;
};

}  // namespace faultline::runners
