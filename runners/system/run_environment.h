// What a run knows of the machine that the programs it starts do not report: the boot, how the kernel was built, and
// the Xe module and its firmware.
//
// Thread safety: pure functions over files. What a machine does not tell is left out, not guessed.
#pragma once

#include <filesystem>
#include <string>

#include "results/benchmark_report.h"

namespace faultline::runners {

/// The id of this boot, or "" where the kernel does not tell. `proc` is /proc.
std::string boot_id(const std::filesystem::path& proc);

/// Members for a report's context: env_kernel_release, and env_kernel_debug, which lists the options of the running
/// kernel's configuration that make it slower or stranger ("PROVE_LOCKING,KASAN"), or is "none". `boot` is /boot.
results::Json kernel_facts(const std::filesystem::path& boot, const std::filesystem::path& proc);

/// Members for a report's context about an Xe GPU: env_xe_srcversion (which build of the module) and env_xe_guc (the
/// firmware's version, of debugfs, which only root may read). `sys` is /sys, `pci` the device's address.
results::Json xe_facts(const std::filesystem::path& sys, const std::string& pci);

}  // namespace faultline::runners
