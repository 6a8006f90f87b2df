#include "device/selection.h"
#include "vocabulary/environment_variables.h"

#include <fmt/format.h>

#include <charconv>
#include <cstdlib>
#include <cstring>

namespace faultline::device {
namespace {

const Device* find(std::span<const Device> devices, DeviceKind kind, unsigned index) {
    for (const Device& d : devices) {
        if (d.kind == kind && d.index == index) return &d;
    }
    return nullptr;
}

std::string what_there_is(std::span<const Device> devices) {
    if (devices.empty()) return "Level Zero lists no GPU";
    std::string text = "Level Zero lists";
    for (const Device& d : devices) text += fmt::format(" {}:{} ({})", to_string(d.kind), d.index, d.name());
    return text;
}

constexpr const char* hint(DeviceKind kind) {
    return kind == DeviceKind::kReference
               ? "set ZE_ENABLE_ALT_DRIVERS to the absolute path of libze_faultline.so, or start "
                 "this program through `faultline run --device reference`"
               : "run `faultline doctor`";
}

}  // namespace

Expected<Selection> Selection::parse(const char* kind, const char* index) {
    Selection selection;
    if (kind != nullptr && std::strcmp(kind, "auto") != 0) {
        if (std::strcmp(kind, "xe") == 0) {
            selection.kind = DeviceKind::kXe;
        } else if (std::strcmp(kind, "reference") == 0) {
            selection.kind = DeviceKind::kReference;
        } else {
            return Error{ErrorKind::kBadInput,
                         fmt::format("{}: unknown device \"{}\"; it is auto, xe or reference", env::kDevice, kind)};
        }
    }
    if (index != nullptr) {
        const char* end = index + std::strlen(index);
        const auto [stop, error] = std::from_chars(index, end, selection.index);
        if (error != std::errc{} || stop != end) {
            return Error{ErrorKind::kBadInput,
                         fmt::format("{}: \"{}\" is not a device index", env::kDeviceIndex, index)};
        }
    }
    return selection;
}

Expected<Selection> Selection::from_environment() {
    return parse(std::getenv(env::kDevice), std::getenv(env::kDeviceIndex));
}

Expected<Device> choose(const Selection& selection, std::span<const Device> devices) {
    const Device* device = nullptr;
    if (selection.kind) {
        device = find(devices, *selection.kind, selection.index);
        if (device == nullptr) {
            return Error{ErrorKind::kUnavailable,
                         fmt::format("device {}:{} is not there: {}; {}", to_string(*selection.kind), selection.index,
                                     what_there_is(devices), hint(*selection.kind))};
        }
    } else {
        device = find(devices, DeviceKind::kXe, selection.index);
        if (device == nullptr || !device->can_fault_on_malloc()) {
            const Device* reference = find(devices, DeviceKind::kReference, selection.index);
            if (reference != nullptr) device = reference;
        }
        if (device == nullptr) {
            return Error{ErrorKind::kUnavailable,
                         fmt::format("no device of index {} to choose from: {}; run `faultline doctor`",
                                     selection.index, what_there_is(devices))};
        }
    }
    if (!device->can_fault_on_malloc()) {
        return Error{ErrorKind::kUnavailable,
                     fmt::format("{}:{} ({}) cannot fault on malloc memory (sharedSystemAllocCapabilities is 0); run "
                                 "`faultline doctor`, which says why and what to do",
                                 to_string(device->kind), device->index, device->name())};
    }
    return *device;
}

Expected<Device> select_device() {
    FL_ASSIGN_OR_RETURN(Selection selection, Selection::from_environment());
    FL_ASSIGN_OR_RETURN(std::vector<Device> devices, list_devices());
    return choose(selection, devices);
}

}  // namespace faultline::device
