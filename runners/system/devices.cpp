#include "runners/system/devices.h"

#include <fmt/format.h>

#include <cstdlib>

#include "runners/system/subprocess.h"
#include "vocabulary/environment_variables.h"

namespace faultline::runners {
namespace {

using results::Json;

constexpr std::chrono::seconds kProbeLimit{60};  // a machine that is just up and emulated takes more than 30

Probe probe(const Layout& layout, std::map<std::string, std::string> environment, const Interrupt* interrupt) {
    ChildCommand command{.argv = {layout.probe().string()},
                         .environment = std::move(environment),
                         .time_limit = kProbeLimit,
                         .grace = std::chrono::seconds(2)};
    const Expected<ChildResult> child = run_child(command, interrupt);
    Probe result;
    if (!child) {
        result.failure = child.error().message;
    } else if (!child->ok()) {
        const std::string reason = last_line(child->err);
        result.failure = reason.empty() ? fmt::format("listing devices: {}", describe_end(*child, command)) : reason;
        if (child->end != ChildEnd::kExited) {
            result.failure = fmt::format("listing devices: {}{}{}", describe_end(*child, command),
                                         reason.empty() ? "" : ": ", reason);
        }
    } else if (Expected<Probe> parsed = parse_probe(child->out); parsed) {
        result = *std::move(parsed);
        if (result.devices.empty() && result.failure.empty()) result.failure = last_line(child->err);
    } else {
        result.failure = parsed.error().message;
    }
    return result;
}

const DeviceEntry* find(const Probe* probe, const std::string& kind, unsigned index) {
    if (probe == nullptr) return nullptr;
    for (const DeviceEntry& device : probe->devices) {
        if (device.record.kind == kind && device.record.index == index) return &device;
    }
    return nullptr;
}

std::string found(const Probe* probe, const std::string& kind) {
    if (probe == nullptr) return "nothing";
    if (!probe->failure.empty()) return probe->failure;
    std::string text;
    for (const DeviceEntry& device : probe->devices) {
        if (device.record.kind != kind) continue;
        text += fmt::format("{}{}:{} ({})", text.empty() ? "" : ", ", kind, device.record.index, device.record.name);
    }
    return text.empty() ? fmt::format("no {} device", kind) : text;
}

Error unavailable(const std::string& looked_for, const std::string& why) {
    return Error{ErrorKind::kUnavailable,
                 fmt::format("looked for {}, found: {}; run `faultline doctor`", looked_for, why)};
}

}  // namespace

std::map<std::string, std::string> reference_environment(const Layout& layout, const ReferenceOptions& options) {
    // Libraries that the reference's service threads call into must not bind a function there: see
    // cmake/Faultline.cmake.
    std::map<std::string, std::string> environment = {{env::kAltDrivers, layout.reference_driver.string()},
                                                      {"LD_BIND_NOW", "1"}};
    if (!options.policy.empty()) environment[env::kPolicy] = options.policy;
    if (!options.model.empty()) environment[env::kModel] = options.model;
    return environment;
}

Probe probe_real(const Layout& layout, const Interrupt* interrupt) { return probe(layout, {}, interrupt); }

Probe probe_reference(const Layout& layout, const ReferenceOptions& options, const Interrupt* interrupt) {
    if (std::error_code error; !std::filesystem::exists(layout.reference_driver, error)) {
        return Probe{.devices = {},
                     .failure = fmt::format("no reference driver at {}", layout.reference_driver.string()),
                     .intel_driver = {}};
    }
    return probe(layout, reference_environment(layout, options), interrupt);
}

Expected<Probe> parse_probe(const std::string& text) {
    try {
        const Json json = Json::parse(text);
        Probe probe;
        probe.failure = json.at("failure").get<std::string>();
        probe.intel_driver = json.at("intel_driver").get<std::string>();
        for (const Json& device : json.at("devices")) {
            DeviceEntry entry;
            entry.record.kind = device.at("kind").get<std::string>();
            entry.record.index = device.at("index").get<unsigned>();
            entry.record.name = device.at("name").get<std::string>();
            entry.record.driver_version = device.at("driver_version").get<std::string>();
            entry.record.policy = device.at("policy").get<std::string>();
            entry.record.model = device.at("model").get<std::string>();
            entry.record.monitor = device.at("monitor").get<std::string>();
            entry.policies = device.at("policies").get<std::string>();
            entry.uuid = device.at("uuid").get<std::string>();
            entry.pci = device.at("pci").get<std::string>();
            entry.vram_bytes = device.at("vram_bytes").get<std::uint64_t>();
            entry.hardware_threads = device.at("hardware_threads").get<unsigned>();
            entry.shared_system_caps = device.at("shared_system_caps").get<std::uint32_t>();
            probe.devices.push_back(std::move(entry));
        }
        return probe;
    } catch (const Json::exception& e) {
        return Error{ErrorKind::kInternal, fmt::format("faultline-probe printed something unexpected: {}", e.what())};
    }
}

Expected<DeviceEntry> choose_device(const DeviceRequest& request, const Probe* real, const Probe* reference) {
    const std::string& asked = request.kind;
    const DeviceEntry* chosen = nullptr;
    if (asked == "xe" || asked == "auto") chosen = find(real, "xe", request.index);
    if (asked == "auto" && (chosen == nullptr || !chosen->can_fault())) chosen = nullptr;
    if (asked == "xe" && chosen == nullptr) {
        return unavailable(fmt::format("device xe:{}", request.index), found(real, "xe"));
    }
    if (chosen == nullptr) chosen = find(reference, "reference", request.index);
    if (chosen == nullptr) {
        const std::string looked_for =
            asked == "auto"
                ? fmt::format("an Xe GPU that can fault on malloc memory or the reference, index {}", request.index)
                : fmt::format("device reference:{}", request.index);
        return unavailable(looked_for, asked == "auto"
                                           ? fmt::format("{}; {}", found(real, "xe"), found(reference, "reference"))
                                           : found(reference, "reference"));
    }
    if (!chosen->can_fault()) {
        return unavailable(fmt::format("device {}:{} that can fault on malloc memory", asked, request.index),
                           fmt::format("{} with sharedSystemAllocCapabilities 0", chosen->record.name));
    }
    const bool reference_options = !request.reference.policy.empty() || !request.reference.model.empty();
    if (chosen->record.kind == "xe" && reference_options) {
        return Error{ErrorKind::kBadInput,
                     fmt::format("--policy and --model are the reference's, and the device is xe:{} ({}); add --device "
                                 "reference, or leave them out",
                                 request.index, chosen->record.name)};
    }
    return *chosen;
}

Expected<DeviceEntry> choose_device(const DeviceRequest& request, const Layout& layout, const Interrupt* interrupt) {
    std::optional<Probe> real;
    if (request.kind != "reference") real = probe_real(layout, interrupt);
    const DeviceEntry* xe = real ? find(&*real, "xe", request.index) : nullptr;
    const bool xe_will_do = xe != nullptr && xe->can_fault();
    std::optional<Probe> reference;
    if (request.kind == "reference" || (request.kind == "auto" && !xe_will_do)) {
        reference = probe_reference(layout, request.reference, interrupt);
    }
    return choose_device(request, real ? &*real : nullptr, reference ? &*reference : nullptr);
}

std::map<std::string, std::string> device_environment(const DeviceEntry& device, const Layout& layout,
                                                      const ReferenceOptions& options) {
    std::map<std::string, std::string> environment;
    if (device.record.kind == "reference") environment = reference_environment(layout, options);
    environment[env::kDevice] = device.record.kind;
    environment[env::kDeviceIndex] = std::to_string(device.record.index);
    return environment;
}

std::string describe(const results::DeviceRecord& device) {
    std::string text = fmt::format("device: {} ({}:{})", device.name, device.kind, device.index);
    if (!device.policy.empty()) text += ", policy: " + device.policy;
    if (!device.model.empty()) text += ", model: " + device.model;
    return text;
}

}  // namespace faultline::runners
