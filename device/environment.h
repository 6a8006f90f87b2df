// What a result depends on beside the device: recorded beside every result, so that two runs can be told apart.
//
// Thread safety: stateless; reads /proc, /sys and hwloc. What a machine does not tell is left out, not guessed.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "device/device.h"

namespace faultline::device {

/// Key and value, without prefix: kernel_release, kernel_version, kernel_options (of the command line, what bears on
/// faults), xe_param_<name>, cpu_model, cpu_governor, thp, numa_nodes, numa_balancing, topology, device_uuid,
/// device_pci, device_numa_node, device_vram_mib, device_hardware_threads.
using EnvironmentFacts = std::vector<std::pair<std::string, std::string>>;

EnvironmentFacts environment_of(const Device& device);

}  // namespace faultline::device
