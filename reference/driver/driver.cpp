#include "reference/driver/driver.h"

#include <atomic>
#include <cerrno>
#include <charconv>
#include <cstdlib>
#include <cstring>
#include <mutex>
#include <optional>

#include "device/faultline_ext.h"
#include "reference/driver/ddi.h"
#include "reference/driver/entry.h"
#include "reference/driver/extension.h"
#include "reference/driver/object.h"
#include "reference/gpu/gpu.h"
#include "reference/svm/core/arena.h"
#include "vocabulary/environment_variables.h"

namespace faultline::driver {
namespace {

std::once_flag init_once;
ze_result_t init_result = ZE_RESULT_ERROR_UNINITIALIZED;
std::atomic<Driver*> the_driver{nullptr};
std::string init_failure_text;  // written under init_once

std::string env_or(const char* name, const char* absent) {
    const char* value = std::getenv(name);
    return value == nullptr || *value == '\0' ? absent : value;
}

// 0 when the variable is absent, nothing when it is not a number in [1, max].
std::optional<unsigned> env_number(const char* name, unsigned max) {
    const std::string text = env_or(name, "");
    if (text.empty()) return 0;
    unsigned value = 0;
    const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (ec != std::errc() || end != text.data() + text.size() || value == 0 || value > max) return std::nullopt;
    return value;
}

svm::ArenaPtr<svm::Mm> open_mm(int* err) {
    svm::MmOptions options;
    svm::ArenaPtr<svm::Mm> mm = svm::Mm::create(options, err);
    // Without privilege userfaultfd serves faults of user mode alone; system calls on such memory then fail.
    if (mm == nullptr && *err == -EPERM) {
        options.user_mode_only = true;
        mm = svm::Mm::create(options, err);
    }
    return mm;
}

}  // namespace

ze_result_t Driver::open() {
    const Expected<svm::Policy> policy = svm::parse_policy(env_or(env::kPolicy, "xe-7.0"));
    if (!policy.ok()) {
        return refuse(ZE_RESULT_ERROR_INVALID_ARGUMENT, std::string(env::kPolicy) + ": " + policy.error().message);
    }
    Expected<gpu::DeviceModel> model = gpu::find_model(env_or(env::kModel, "native"));
    if (!model.ok()) {
        return refuse(ZE_RESULT_ERROR_INVALID_ARGUMENT, std::string(env::kModel) + ": " + model.error().message);
    }
    const std::optional<unsigned> vram_mib = env_number(env::kVramMib, 1u << 20);
    const std::optional<unsigned> eus = env_number(env::kEus, 1024);
    if (!vram_mib)
        return refuse(ZE_RESULT_ERROR_INVALID_ARGUMENT, std::string(env::kVramMib) + ": expected 1 to 1048576 MiB");
    if (!eus) return refuse(ZE_RESULT_ERROR_INVALID_ARGUMENT, std::string(env::kEus) + ": expected 1 to 1024");
    const std::optional<unsigned> devices = env_number(env::kDevices, 8);
    if (!devices) return refuse(ZE_RESULT_ERROR_INVALID_ARGUMENT, std::string(env::kDevices) + ": expected 1 to 8");
    if (*devices != 0) model->devices = *devices;
    if (*vram_mib != 0) model->vram = Bytes{std::uint64_t{*vram_mib} << 20};
    if (*eus != 0) model->eus = *eus;

    int err = 0;
    mm_ = open_mm(&err);
    if (mm_ == nullptr) {
        const ze_result_t result = err == -EPERM    ? ZE_RESULT_ERROR_INSUFFICIENT_PERMISSIONS
                                   : err == -ENOMEM ? ZE_RESULT_ERROR_OUT_OF_HOST_MEMORY
                                   : err == -EBUSY  ? ZE_RESULT_ERROR_NOT_AVAILABLE
                                                    : ZE_RESULT_ERROR_UNSUPPORTED_FEATURE;
        return refuse(result, std::string("userfaultfd: ") + std::strerror(-err));
    }
    policy_text_ = svm::to_string(*policy);
    links_ = svm::ArenaPtr<gpu::Links>(svm::arena_new<gpu::Links>(*model));
    for (unsigned i = 0; i < model->devices; ++i) {
        Expected<std::unique_ptr<gpu::Gpu>> gpu = gpu::Gpu::create(*model, *policy, *mm_, i, links_.get());
        if (!gpu.ok()) {
            return refuse(ZE_RESULT_ERROR_OUT_OF_HOST_MEMORY, gpu.error().message);
        }
        devices_.push_back(std::make_unique<Device>(i, *std::move(gpu)));
    }
    return ZE_RESULT_SUCCESS;
}

int Driver::set_policy(const svm::Policy& policy) {
    for (const auto& device : devices_)
        if (const int err = device->gpu().set_policy(policy); err != 0) return err;
    const std::lock_guard lock(policy_mutex_);
    policy_text_ = svm::to_string(policy);
    return 0;
}

std::string Driver::policy_text() const {
    const std::lock_guard lock(policy_mutex_);
    return policy_text_;
}

ze_result_t Driver::refuse(ze_result_t result, std::string why) {
    init_failure_text = std::move(why);
    return result;
}

const std::string& Driver::init_failure() { return init_failure_text; }

ze_result_t Driver::init() {
    // Published only when it is open: adopt_this_thread() of another entry point may look meanwhile.
    std::call_once(init_once, [] {
        auto* driver = new Driver();
        init_result = driver->open();
        if (init_result == ZE_RESULT_SUCCESS) {
            the_driver = driver;
        } else {
            delete driver;
        }
    });
    return init_result;
}

Driver* Driver::instance() { return the_driver; }

void adopt_this_thread() {
    if (Driver* driver = Driver::instance()) driver->mm().adopt_this_thread();
}

namespace {

// What identifies this driver in its UUIDs: the bytes, then an index.
constexpr std::uint8_t kUuidPrefix[] = {'F', 'a', 'u', 'l', 't', 'l', 'i', 'n', 'e', ' ', 'r', 'e', 'f'};
constexpr std::uint32_t kDriverVersion = 0x00010000;  // 0.1.0, as NEO packs it: major, minor, build in 8, 8 and 16 bits

ze_result_t global_init(ze_init_flags_t flags) {
    if (flags != 0 && (flags & ZE_INIT_FLAG_GPU_ONLY) == 0) return ZE_RESULT_ERROR_UNINITIALIZED;
    return Driver::init();
}

ze_result_t driver_get(std::uint32_t* count, ze_driver_handle_t* out) {
    const ze_result_t result = Driver::init();
    if (result != ZE_RESULT_SUCCESS) return result;
    return enumerate(1, count, out, [](std::uint32_t, ze_driver_handle_t& d) { d = to_handle(Driver::instance()); });
}

ze_result_t get_api_version(ze_driver_handle_t, ze_api_version_t* version) {
    if (version == nullptr) return ZE_RESULT_ERROR_INVALID_NULL_POINTER;
    *version = ZE_API_VERSION_CURRENT;
    return ZE_RESULT_SUCCESS;
}

ze_result_t get_properties(ze_driver_handle_t, ze_driver_properties_t* properties) {
    if (properties == nullptr) return ZE_RESULT_ERROR_INVALID_NULL_POINTER;
    std::memset(properties->uuid.id, 0, sizeof(properties->uuid.id));
    std::memcpy(properties->uuid.id, kUuidPrefix, sizeof(kUuidPrefix));
    properties->driverVersion = kDriverVersion;
    return ZE_RESULT_SUCCESS;
}

ze_result_t get_ipc_properties(ze_driver_handle_t, ze_driver_ipc_properties_t* properties) {
    if (properties == nullptr) return ZE_RESULT_ERROR_INVALID_NULL_POINTER;
    properties->flags = 0;  // neither memory nor event pools can be shared with another process
    return ZE_RESULT_SUCCESS;
}

ze_result_t get_extension_properties(ze_driver_handle_t, std::uint32_t* count, ze_driver_extension_properties_t* out) {
    static constexpr struct {
        const char* name;
        std::uint32_t version;
    } kExtensions[] = {
        {FAULTLINE_EXTENSION_NAME, FAULTLINE_EXTENSION_VERSION},
        {ZE_DEVICE_MEMORY_PROPERTIES_EXT_NAME, ZE_DEVICE_MEMORY_PROPERTIES_EXT_VERSION_CURRENT},
        {ZE_GLOBAL_OFFSET_EXP_NAME, ZE_GLOBAL_OFFSET_EXP_VERSION_CURRENT},
        {ZE_EVENT_QUERY_TIMESTAMPS_EXP_NAME, ZE_EVENT_QUERY_TIMESTAMPS_EXP_VERSION_CURRENT},
    };
    return enumerate(static_cast<std::uint32_t>(std::size(kExtensions)), count, out,
                     [](std::uint32_t i, ze_driver_extension_properties_t& extension) {
                         set_name(extension.name, kExtensions[i].name);
                         extension.version = kExtensions[i].version;
                     });
}

ze_result_t get_extension_function_address(ze_driver_handle_t, const char* name, void** address) {
    if (name == nullptr || address == nullptr) return ZE_RESULT_ERROR_INVALID_NULL_POINTER;
    *address = extension_function(name);
    return *address == nullptr ? ZE_RESULT_ERROR_INVALID_ARGUMENT : ZE_RESULT_SUCCESS;
}

}  // namespace

void fill(ze_global_dditable_t& table) { table.pfnInit = entry<global_init>; }

void fill(ze_driver_dditable_t& table) {
    table.pfnGet = entry<driver_get>;
    table.pfnGetApiVersion = entry<get_api_version>;
    table.pfnGetProperties = entry<get_properties>;
    table.pfnGetIpcProperties = entry<get_ipc_properties>;
    table.pfnGetExtensionProperties = entry<get_extension_properties>;
    table.pfnGetExtensionFunctionAddress = entry<get_extension_function_address>;
}

}  // namespace faultline::driver
