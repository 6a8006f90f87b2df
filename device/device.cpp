#include "device/device.h"

#include <dlfcn.h>
#include <fmt/format.h>

#include <array>
#include <cstdlib>
#include <map>
#include <utility>

#include "device/ze_result.h"
#include "vocabulary/environment_variables.h"

namespace faultline::device {
namespace {

constexpr std::uint32_t kIntelVendor = 0x8086;

std::string hexadecimal(const ze_device_uuid_t& uuid) {
    std::string text;
    for (const std::uint8_t byte : uuid.id) text += fmt::format("{:02x}", byte);
    return text;
}

// Not every driver has a PCI address to tell: absence is absence.
std::string pci_address(ze_device_handle_t device) {
    ze_pci_ext_properties_t pci{};
    pci.stype = ZE_STRUCTURE_TYPE_PCI_EXT_PROPERTIES;
    if (zeDevicePciGetPropertiesExt(device, &pci) != ZE_RESULT_SUCCESS) return {};
    const ze_pci_address_ext_t& a = pci.address;
    return fmt::format("{:04x}:{:02x}:{:02x}.{:x}", a.domain, a.bus, a.device, a.function);
}

Expected<Bytes> local_memory(ze_device_handle_t device) {
    std::uint32_t count = 0;
    ze_result_t result = zeDeviceGetMemoryProperties(device, &count, nullptr);
    if (result != ZE_RESULT_SUCCESS) return call_error("zeDeviceGetMemoryProperties", result);
    std::vector<ze_device_memory_properties_t> memories(count);
    for (auto& m : memories) m.stype = ZE_STRUCTURE_TYPE_DEVICE_MEMORY_PROPERTIES;
    result = zeDeviceGetMemoryProperties(device, &count, memories.data());
    if (result != ZE_RESULT_SUCCESS) return call_error("zeDeviceGetMemoryProperties", result);
    Bytes total;
    for (const auto& m : memories) total = total + Bytes{m.totalSize};
    return total;
}

Expected<Device> describe_device(ze_driver_handle_t driver, ze_device_handle_t handle,
                                 const std::optional<Extension>& extension) {
    Device device;
    device.driver = driver;
    device.handle = handle;
    device.extension = extension;

    ze_driver_properties_t driver_properties{};
    driver_properties.stype = ZE_STRUCTURE_TYPE_DRIVER_PROPERTIES;
    ze_result_t result = zeDriverGetProperties(driver, &driver_properties);
    if (result != ZE_RESULT_SUCCESS) return call_error("zeDriverGetProperties", result);
    device.driver_version = driver_properties.driverVersion;

    // With 1_2 the timer's resolution is cycles per second, which a whole number of nanoseconds cannot express.
    device.properties.stype = ZE_STRUCTURE_TYPE_DEVICE_PROPERTIES_1_2;
    result = zeDeviceGetProperties(handle, &device.properties);
    if (result != ZE_RESULT_SUCCESS) return call_error("zeDeviceGetProperties", result);
    device.uuid = hexadecimal(device.properties.uuid);
    device.pci = pci_address(handle);

    FL_ASSIGN_OR_RETURN(Bytes vram, local_memory(handle));
    device.vram = vram;

    ze_device_memory_access_properties_t access{};
    access.stype = ZE_STRUCTURE_TYPE_DEVICE_MEMORY_ACCESS_PROPERTIES;
    result = zeDeviceGetMemoryAccessProperties(handle, &access);
    if (result != ZE_RESULT_SUCCESS) return call_error("zeDeviceGetMemoryAccessProperties", result);
    device.shared_system_caps = access.sharedSystemAllocCapabilities;

    if (extension) {
        device.kind = DeviceKind::kReference;
    } else if (device.properties.vendorId == kIntelVendor) {
        device.kind = DeviceKind::kXe;
    }
    return device;
}

/// How the reference refuses a policy or a model that it does not know: zeInit has no way to say more, but it has.
Error refused_environment(ze_result_t result) {
    if (std::string why = reference_failure(); !why.empty()) return {ErrorKind::kBadInput, std::move(why)};
    Error error = call_error("zeInit", result);
    error.kind = ErrorKind::kBadInput;
    error.message += "; a driver refused what its environment asks for:";
    for (const char* name : {env::kPolicy, env::kModel, env::kVramMib, env::kEus}) {
        const char* value = std::getenv(name);
        if (value != nullptr) error.message += fmt::format(" {}={}", name, value);
    }
    return error;
}

}  // namespace

std::string reference_failure() {
    const char* path = std::getenv(env::kAltDrivers);
    void* library = path == nullptr ? nullptr : ::dlopen(path, RTLD_LAZY | RTLD_LOCAL);
    if (library == nullptr) return {};
    const auto get = reinterpret_cast<faultline_pfnGetInitFailure_t>(::dlsym(library, FAULTLINE_GET_INIT_FAILURE));
    std::array<char, 1024> text{};
    std::size_t size = text.size();
    if (get != nullptr) (void)get(&size, text.data());
    return text.data();
}

std::string_view to_string(DeviceKind kind) {
    switch (kind) {
        case DeviceKind::kXe:
            return "xe";
        case DeviceKind::kReference:
            return "reference";
        case DeviceKind::kOther:
            break;
    }
    return "other";
}

std::string Device::driver_version_text() const {
    return fmt::format("{}.{}.{}", driver_version >> 24, driver_version >> 16 & 0xff, driver_version & 0xffff);
}

unsigned Device::eus() const {
    return properties.numSlices * properties.numSubslicesPerSlice * properties.numEUsPerSubslice;
}

unsigned Device::hardware_threads() const { return eus() * properties.numThreadsPerEU; }

Expected<std::vector<Device>> list_devices() {
    std::vector<Device> devices;
    ze_result_t result = zeInit(ZE_INIT_FLAG_GPU_ONLY);
    // The loader's word for "no driver was found".
    if (result == ZE_RESULT_ERROR_UNINITIALIZED) return devices;
    if (result == ZE_RESULT_ERROR_INVALID_ARGUMENT) return refused_environment(result);
    if (result != ZE_RESULT_SUCCESS) return call_error("zeInit", result);

    std::uint32_t driver_count = 0;
    result = zeDriverGet(&driver_count, nullptr);
    if (result != ZE_RESULT_SUCCESS) return call_error("zeDriverGet", result);
    std::vector<ze_driver_handle_t> drivers(driver_count);
    result = zeDriverGet(&driver_count, drivers.data());
    if (result != ZE_RESULT_SUCCESS) return call_error("zeDriverGet", result);

    std::map<DeviceKind, unsigned> next_index;
    for (ze_driver_handle_t driver : drivers) {
        FL_ASSIGN_OR_RETURN(std::optional<Extension> extension, Extension::find(driver));

        std::uint32_t device_count = 0;
        result = zeDeviceGet(driver, &device_count, nullptr);
        if (result != ZE_RESULT_SUCCESS) return call_error("zeDeviceGet", result);
        std::vector<ze_device_handle_t> handles(device_count);
        result = zeDeviceGet(driver, &device_count, handles.data());
        if (result != ZE_RESULT_SUCCESS) return call_error("zeDeviceGet", result);

        for (ze_device_handle_t handle : handles) {
            FL_ASSIGN_OR_RETURN(Device device, describe_device(driver, handle, extension));
            if (device.properties.type != ZE_DEVICE_TYPE_GPU) continue;
            device.index = next_index[device.kind]++;
            devices.push_back(std::move(device));
        }
    }
    return devices;
}

}  // namespace faultline::device
