#include <fmt/format.h>

#include <array>
#include <memory>
#include <utility>

#include "runners/command/options.h"
#include "runners/command/verb.h"
#include "runners/system/devices.h"
#include "runners/system/format.h"

namespace faultline::runners {
namespace {

using results::Json;

/// "read/write, atomic, concurrent" of ze_memory_access_cap_flags_t.
std::string describe_caps(std::uint32_t caps) {
    static constexpr std::array<std::pair<std::uint32_t, const char*>, 4> kFlags = {
        {{1u << 0, "read/write"}, {1u << 1, "atomic"}, {1u << 2, "concurrent"}, {1u << 3, "concurrent atomic"}}};
    std::string text;
    for (const auto& [flag, name] : kFlags) {
        if ((caps & flag) != 0) text += (text.empty() ? "" : ", ") + std::string(name);
    }
    return text;
}

Json to_json(const DeviceEntry& device) {
    Json json = results::to_json(device.record);
    json["uuid"] = device.uuid;
    json["pci"] = device.pci;
    json["vram_bytes"] = device.vram_bytes;
    json["hardware_threads"] = device.hardware_threads;
    json["shared_system_caps"] = device.shared_system_caps;
    json["can_fault_on_malloc"] = device.can_fault();
    return json;
}

void print(const DeviceEntry& device) {
    const results::DeviceRecord& r = device.record;
    fmt::print("{}:{}  {}\n", r.kind, r.index, r.name);
    fmt::print("    driver {}, {}, {} hardware threads{}{}\n", r.driver_version,
               format_memory(static_cast<double>(device.vram_bytes)), device.hardware_threads,
               device.pci.empty() ? "" : ", PCI ", device.pci);
    if (!r.policy.empty()) fmt::print("    policy: {}, model: {}, address space: {}\n", r.policy, r.model, r.monitor);
    if (device.can_fault()) {
        fmt::print("    faults on malloc memory: yes ({})\n", describe_caps(device.shared_system_caps));
    } else {
        fmt::print("    faults on malloc memory: no, sharedSystemAllocCapabilities is 0; see `faultline doctor`\n");
    }
}

int list_devices(bool json, const Layout& layout) {
    const Interrupt interrupt;
    std::array<std::pair<const char*, Probe>, 2> probes = {
        {{"real drivers", probe_real(layout, &interrupt)}, {"reference", probe_reference(layout, {}, &interrupt)}}};
    if (interrupt.signal() != 0) return 128 + interrupt.signal();
    // A loader that is told to load the reference shows it as a real driver would be shown: list it once.
    std::erase_if(probes[0].second.devices, [](const DeviceEntry& d) { return d.record.kind == "reference"; });
    std::size_t count = 0;
    Json devices = Json::array();
    Json failures = Json::object();
    for (const auto& [what, probe] : probes) {
        count += probe.devices.size();
        for (const DeviceEntry& device : probe.devices) devices.push_back(to_json(device));
        if (!probe.failure.empty()) failures[what] = probe.failure;
    }
    if (json) {
        const Json all = {{"devices", devices}, {"failures", failures}};
        fmt::print("{}\n", all.dump(2, ' ', false, Json::error_handler_t::replace));
    } else {
        for (const auto& [what, probe] : probes) {
            for (const DeviceEntry& device : probe.devices) print(device);
            if (!probe.failure.empty()) fmt::print("{}: {}\n", what, probe.failure);
            if (probe.devices.empty() && probe.failure.empty()) fmt::print("{}: Level Zero lists no device\n", what);
        }
    }
    return count > 0 ? kExitOk : kExitFailed;
}

Action define(Options& options) {
    const auto json = std::make_shared<bool>(false);
    options.add_flag("--json", *json, "as JSON");
    return [json](const Invocation& invocation) { return list_devices(*json, invocation.layout); };
}

}  // namespace

extern const Verb kDevices = {"devices", "list Level Zero devices, and whether they can fault on malloc memory",
                              define};

}  // namespace faultline::runners
