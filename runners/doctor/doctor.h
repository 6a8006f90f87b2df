// What stops Faultline on this machine, and what to do about it.
//
// Facts are gathered first (files, system calls, the probes of both kinds of driver), then judged by pure functions, so
// that every verdict can be tested without the machine that would give it. Thread safety: values and pure functions.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "runners/system/devices.h"
#include "runners/system/userfault.h"

namespace faultline::runners {

/// Where the system's own files are; a test points these at a tree of its own.
struct SystemRoots {
    std::filesystem::path proc = "/proc";
    std::filesystem::path sys = "/sys";
    std::filesystem::path boot = "/boot";
    std::filesystem::path dev = "/dev";
};

enum class Health { kOk, kWarning, kProblem };
/// "ok", "warning", "problem".
std::string to_string(Health health);

struct Check {
    std::string group{};  ///< "xe", "reference" or "figures": what it is needed for
    std::string name{};   ///< stable, for scripts: "kernel-config"
    Health health = Health::kOk;
    std::string found{};   ///< one line
    std::string advice{};  ///< what to do; empty when there is nothing to do
};

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
