// What stops Faultline on this machine, and what to do about it.
//
// Facts are gathered first (files, system calls, the probes of both kinds of driver), then judged by pure functions, so
// that every verdict can be tested without the machine that would give it. Thread safety: values and pure functions.
#pragma once

#include <string>
#include <vector>

#include "runners/system/check.h"
#include "runners/system/devices.h"
#include "runners/system/system_roots.h"
#include "runners/system/userfault.h"

namespace faultline::runners {

/// What the environment says of NEO's debug keys; empty: not set.
struct DriverKeys {
    std::string read_debug_keys;     ///< NEOReadDebugKeys
    std::string shared_system_usm;   ///< EnableSharedSystemUsmSupport
    std::string recoverable_faults;  ///< EnableRecoverablePageFaults

    static DriverKeys from_environment();
};

struct Facts {
    SystemRoots roots;
    DriverKeys keys;
    Probe real;
    Probe reference;
    UserfaultFacts userfault;
};

/// All checks, in the order in which they are printed.
std::vector<Check> diagnose(const Facts& facts);

/// Whether at least one device can run the suite.
bool can_run(const Facts& facts);

}  // namespace faultline::runners
