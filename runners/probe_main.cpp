// faultline-probe: prints the Level Zero devices that this process's environment shows, as one JSON object. A helper of
// `faultline`, which starts it because a driver can only be chosen before zeInit and may crash.
#include <dlfcn.h>
#include <fmt/format.h>

#include <cstdio>
#include <nlohmann/json.hpp>

#include "device/device.h"

namespace faultline {
namespace {

using Json = nlohmann::ordered_json;

/// Why Intel's driver does not load; empty when it does.
std::string intel_driver_failure() {
    if (::dlopen("libze_intel_gpu.so.1", RTLD_LAZY | RTLD_LOCAL) != nullptr) return {};
    return ::dlerror();
}

std::string extension_text(const device::Device& device, faultline_text_t which) {
    if (!device.extension) return {};
    const Expected<std::string> text = device.extension->text(device.handle, which);
    return text ? *text : "unknown: " + text.error().message;
}

Json to_json(const device::Device& device) {
    return Json{{"kind", device::to_string(device.kind)},
                {"index", device.index},
                {"name", device.name()},
                {"driver_version", device.driver_version_text()},
                {"policy", extension_text(device, FAULTLINE_TEXT_POLICY)},
                {"model", extension_text(device, FAULTLINE_TEXT_MODEL)},
                {"monitor", extension_text(device, FAULTLINE_TEXT_MONITOR)},
                {"policies", extension_text(device, FAULTLINE_TEXT_POLICIES)},
                {"uuid", device.uuid},
                {"pci", device.pci},
                {"vram_bytes", device.vram.count},
                {"hardware_threads", device.hardware_threads()},
                {"shared_system_caps", device.shared_system_caps}};
}

}  // namespace
}  // namespace faultline

int main() {
    using namespace faultline;
    Json json = {{"failure", ""}, {"intel_driver", ""}, {"devices", Json::array()}};
    const Expected<std::vector<device::Device>> devices = device::list_devices();
    if (devices) {
        for (const device::Device& device : *devices) json["devices"].push_back(to_json(device));
    } else {
        json["failure"] = devices.error().message;
    }
    if (json["devices"].empty()) {
        if (const std::string said = device::reference_failure(); !said.empty()) json["failure"] = said;
    }
    json["intel_driver"] = intel_driver_failure();
    fmt::print("{}\n", json.dump(-1, ' ', false, Json::error_handler_t::replace));
    return 0;
}
