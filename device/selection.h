// Which device a process uses, from env::kDevice and env::kDeviceIndex; never another one than was asked for.
//
// Thread safety: stateless.
#pragma once

#include <optional>
#include <span>
#include <string>

#include "base/expected.h"
#include "device/device.h"

namespace faultline::device {

/// What was asked for. No kind means `auto`: the first Xe GPU that can fault on malloc memory, else the reference.
struct Selection {
    std::optional<DeviceKind> kind;
    unsigned index = 0;

    /// From the two texts (null: absent). kBadInput names the text that is wrong.
    static Expected<Selection> parse(const char* kind, const char* index);
    /// From the environment.
    static Expected<Selection> from_environment();
};

/// The device that `selection` names, among `devices`. An error says what is missing and what to do: no such kind, no
/// such index (both kUnavailable), or a device that cannot fault on malloc memory.
Expected<Device> choose(const Selection& selection, std::span<const Device> devices);

/// from_environment(), list_devices() and choose() in turn.
Expected<Device> select_device();

}  // namespace faultline::device
