#include "reference/driver/extension.h"

#include <algorithm>
#include <cerrno>
#include <span>

#include "device/faultline_ext.h"
#include "reference/driver/driver.h"
#include "reference/driver/entry.h"
#include "reference/driver/object.h"

namespace faultline::driver {
namespace {

std::string monitor_text(const svm::Mm& mm) {
    std::string text = mm.has_move() ? "uffd+move" : "uffd+mremap";
    if (mm.user_mode_only()) text += ", user-mode-only";
    return text;
}

std::string lines_of(std::span<const std::string_view> words) {
    std::string text;
    for (const std::string_view word : words) text.append(word).append("\n");
    return text;
}

// Extension functions are called past the loader. Where it wraps handles (several drivers, or interception), they get
// the loader's object, whose first member is the driver's handle.
Device* device_of(ze_device_handle_t handle) {
    const auto& devices = Driver::instance()->devices();
    const auto known = [&](ze_device_handle_t candidate) {
        const auto is = [&](const auto& d) { return d.get() == from(candidate); };
        return std::ranges::any_of(devices,
                                   [&](const auto& d) { return is(d) || std::ranges::any_of(d->sub_devices(), is); });
    };
    if (known(handle)) return from(handle);
    const auto wrapped = *reinterpret_cast<ze_device_handle_t*>(handle);
    return known(wrapped) ? from(wrapped) : nullptr;
}

ze_result_t get_gt_stats(ze_device_handle_t handle, std::size_t* size, char* text) {
    Device* device = device_of(handle);
    if (device == nullptr) return ZE_RESULT_ERROR_INVALID_ARGUMENT;
    svm::GtStats sum;
    for (unsigned i = 0; i < device->tile_count(); ++i) sum.add(device->core().tile(device->home() + i).gt_stats());
    return copy_text(sum.print(), size, text);
}

ze_result_t get_text(ze_device_handle_t handle, faultline_text_t which, std::size_t* size, char* text) {
    Device* device = device_of(handle);
    if (device == nullptr) return ZE_RESULT_ERROR_INVALID_ARGUMENT;
    switch (which) {
        case FAULTLINE_TEXT_POLICY:
            return copy_text(Driver::instance()->policy_text(), size, text);
        case FAULTLINE_TEXT_MODEL:
            return copy_text(device->gpu().model().name, size, text);
        case FAULTLINE_TEXT_MODEL_FIGURES:
            return copy_text(gpu::describe(device->gpu().model()), size, text);
        case FAULTLINE_TEXT_LAST_ERROR:
            return copy_text(device->last_error(), size, text);
        case FAULTLINE_TEXT_MONITOR:
            return copy_text(monitor_text(Driver::instance()->mm()), size, text);
        case FAULTLINE_TEXT_POLICIES:
            return copy_text(svm::describe_policies(), size, text);
        case FAULTLINE_TEXT_PRESETS:
            return copy_text(lines_of(svm::policy_presets()), size, text);
        case FAULTLINE_TEXT_VARIATIONS:
            return copy_text(lines_of(svm::policy_variations()), size, text);
        case FAULTLINE_TEXT_PAGEFAULT_INFO:
            return copy_text(device->core().pagefault_info(), size, text);
    }
    return ZE_RESULT_ERROR_INVALID_ENUMERATION;
}

ze_result_t set_policy(ze_driver_handle_t, const char* wanted, std::size_t* size, char* text) {
    if (wanted == nullptr) return ZE_RESULT_ERROR_INVALID_NULL_POINTER;
    const Expected<svm::Policy> policy = svm::parse_policy(wanted);
    if (!policy.ok()) {
        if (size != nullptr && text != nullptr) copy_text(policy.error().message, size, text);
        return ZE_RESULT_ERROR_INVALID_ARGUMENT;
    }
    const int err = Driver::instance()->set_policy(*policy);
    return err == -EBUSY ? ZE_RESULT_ERROR_HANDLE_OBJECT_IN_USE
           : err != 0    ? ZE_RESULT_ERROR_OUT_OF_HOST_MEMORY
                         : ZE_RESULT_SUCCESS;
}

std::int32_t residency_of(Driver& driver, svm::VirtAddr page) {
    if (const auto found = driver.allocations().find(page.ptr()); found && found->type == ZE_MEMORY_TYPE_DEVICE) {
        return static_cast<std::int32_t>(found->device->index());
    }
    const svm::DevPagemap* pagemap = driver.mm().residency(page);
    for (const auto& device : driver.devices()) {
        for (unsigned tile = 0; tile < device->core().tile_count(); ++tile)
            if (&device->core().tile(tile).pagemap() == pagemap) return static_cast<std::int32_t>(device->index());
    }
    return FAULTLINE_RESIDENCY_SYSTEM;
}

ze_result_t get_residency(ze_driver_handle_t, const void* ptr, std::size_t count, std::int32_t* residency) {
    if (residency == nullptr) return ZE_RESULT_ERROR_INVALID_NULL_POINTER;
    const svm::VirtAddr first = svm::VirtAddr::of(ptr).align_down(svm::kPageSize);
    for (std::size_t i = 0; i < count; ++i)
        residency[i] = residency_of(*Driver::instance(), first + i * svm::kPageSize);
    return ZE_RESULT_SUCCESS;
}

template <typename Pointer>
void* address(Pointer function) {
    return reinterpret_cast<void*>(function);
}

}  // namespace

void* extension_function(std::string_view name) {
    constexpr faultline_pfnDeviceGetGtStats_t kGetGtStats = entry<get_gt_stats>;
    constexpr faultline_pfnDeviceGetText_t kGetText = entry<get_text>;
    constexpr faultline_pfnDriverGetResidency_t kGetResidency = entry<get_residency>;
    constexpr faultline_pfnDriverSetPolicy_t kSetPolicy = entry<set_policy>;
    if (name == FAULTLINE_GET_GT_STATS) return address(kGetGtStats);
    if (name == FAULTLINE_GET_TEXT) return address(kGetText);
    if (name == FAULTLINE_SET_POLICY) return address(kSetPolicy);
    if (name == FAULTLINE_GET_RESIDENCY) return address(kGetResidency);
    return nullptr;
}

}  // namespace faultline::driver

// It asks for the initialisation itself: the loader may have given up before it came to this driver.
extern "C" __attribute__((visibility("default"))) ze_result_t ZE_APICALL faultlineGetInitFailure(std::size_t* size,
                                                                                                 char* text) {
    faultline::driver::Driver::init();
    return faultline::driver::copy_text(faultline::driver::Driver::init_failure(), size, text);
}
