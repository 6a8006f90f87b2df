// One Level Zero device, and what is known of it without creating anything on it.
//
// Thread safety: values. Lifetime: handles belong to the driver and live as long as the process.
#pragma once

#include <level_zero/ze_api.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/expected.h"
#include "base/units.h"
#include "device/extension.h"

namespace faultline::device {

/// What a device is to Faultline. A device that is neither is listed but never chosen.
enum class DeviceKind {
    kXe,         ///< an Intel GPU: PCI vendor 0x8086
    kReference,  ///< the driver offers FAULTLINE_EXTENSION_NAME
    kOther,
};

/// "xe", "reference", "other".
std::string_view to_string(DeviceKind kind);

struct Device {
    ze_driver_handle_t driver = nullptr;
    ze_device_handle_t handle = nullptr;
    DeviceKind kind = DeviceKind::kOther;
    unsigned index = 0;  ///< among the devices of its kind, in the loader's order
    ze_device_properties_t properties{};
    std::uint32_t driver_version = 0;
    std::string uuid;  ///< hexadecimal
    std::string pci;   ///< "0000:03:00.0"; empty when the driver has none to tell
    Bytes vram;        ///< sum of its local memories
    ze_memory_access_cap_flags_t shared_system_caps = 0;
    std::optional<Extension> extension;  ///< of a reference

    std::string name() const { return properties.name; }
    /// "major.minor.build": NEO packs them into 32 bits, and so does the reference.
    std::string driver_version_text() const;
    /// Whether kernels can fault on malloc memory (sharedSystemAllocCapabilities).
    bool can_fault_on_malloc() const { return shared_system_caps != 0; }
    /// How many work-groups surely run at the same moment, whatever each of them waits for.
    unsigned eus() const;
    /// EUs x threads: how many work-groups can be resident at once.
    unsigned hardware_threads() const;
};

/// zeInit, then every GPU of every driver. No driver at all is an empty list, not an error.
Expected<std::vector<Device>> list_devices();

/// What the reference says of its own failure to initialise, which the loader does not pass on; empty when the drivers
/// named to the loader are others, or it did not fail.
std::string reference_failure();

}  // namespace faultline::device
