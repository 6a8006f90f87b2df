// The Level Zero devices of this machine, as child processes see them, and the choice among them.
//
// A driver is chosen by environment before zeInit and can crash the process that loads it, so each kind is listed by a
// process of its own (faultline-probe). Thread safety: values and independent functions.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/expected.h"
#include "results/benchmark_report.h"
#include "results/manifest.h"
#include "runners/system/interrupt.h"
#include "runners/system/layout.h"

namespace faultline::runners {

struct DeviceEntry {
    results::DeviceRecord record;
    std::string policies;  ///< what can be chosen, as the driver describes it; empty on a real device
    std::string uuid;
    std::string pci;
    std::uint64_t vram_bytes = 0;
    unsigned hardware_threads = 0;
    std::uint32_t shared_system_caps = 0;  ///< ze_memory_access_cap_flags_t; 0: cannot fault on malloc memory

    bool can_fault() const { return shared_system_caps != 0; }
};

/// What one kind's process found. `failure` says why there is no answer; an empty list without failure means that the
/// loader found no device.
struct Probe {
    std::vector<DeviceEntry> devices;
    std::string failure;
    std::string intel_driver;  ///< why libze_intel_gpu.so.1 does not load; empty when it does
};

/// Policy and model of the reference as asked for; empty: the driver's default.
struct ReferenceOptions {
    std::string policy;
    std::string model;
};

/// What a child needs in its environment to see the reference, and to see it so.
std::map<std::string, std::string> reference_environment(const Layout& layout, const ReferenceOptions& options);

Probe probe_real(const Layout& layout, const Interrupt* interrupt = nullptr);
Probe probe_reference(const Layout& layout, const ReferenceOptions& options, const Interrupt* interrupt = nullptr);
/// Parses what faultline-probe prints. Error: kInternal.
Expected<Probe> parse_probe(const std::string& text);

struct DeviceRequest {
    std::string kind = "auto";  ///< auto, xe or reference
    unsigned index = 0;         ///< among the devices of the kind
    ReferenceOptions reference;
};

/// The device that was asked for, never another one; `auto` takes an Xe GPU that can fault on malloc memory, else the
/// reference. Error: one line with what was looked for, what was found and what to do.
Expected<DeviceEntry> choose_device(const DeviceRequest& request, const Layout& layout, const Interrupt* interrupt);
/// The same over given answers; `reference` is asked only when it is needed.
Expected<DeviceEntry> choose_device(const DeviceRequest& request, const Probe* real, const Probe* reference);

/// What a child needs in its environment to use exactly `device`.
std::map<std::string, std::string> device_environment(const DeviceEntry& device, const Layout& layout,
                                                      const ReferenceOptions& options);

/// "device: NAME (xe:0)", for the reference also "policy: ..., model: ...".
std::string describe(const results::DeviceRecord& device);

}  // namespace faultline::runners
