#include "device/extension.h"

#include <fmt/format.h>

#include <array>
#include <cstring>
#include <sstream>

#include "device/ze_result.h"

namespace faultline::device {
namespace {

template <typename Function>
Status load(ze_driver_handle_t driver, const char* name, Function* function) {
    void* address = nullptr;
    const ze_result_t result = zeDriverGetExtensionFunctionAddress(driver, name, &address);
    if (result != ZE_RESULT_SUCCESS)
        return call_error(fmt::format("zeDriverGetExtensionFunctionAddress({})", name), result);
    if (address == nullptr) return Error{ErrorKind::kDevice, fmt::format("{} has no address", name)};
    *function = reinterpret_cast<Function>(address);
    return {};
}

// Text may grow between the call that asks for its size and the one that fetches it, so ask again.
template <typename Fetch>
Expected<std::string> fetch_text(const char* name, Fetch fetch) {
    for (;;) {
        std::size_t size = 0;
        ze_result_t result = fetch(&size, static_cast<char*>(nullptr));
        if (result != ZE_RESULT_SUCCESS) return call_error(name, result);
        size += 64;
        std::string text(size, '\0');
        result = fetch(&size, text.data());
        if (result == ZE_RESULT_ERROR_INVALID_SIZE) continue;
        if (result != ZE_RESULT_SUCCESS) return call_error(name, result);
        text.resize(std::strlen(text.c_str()));
        return text;
    }
}

}  // namespace

Expected<std::optional<Extension>> Extension::find(ze_driver_handle_t driver) {
    std::uint32_t count = 0;
    ze_result_t result = zeDriverGetExtensionProperties(driver, &count, nullptr);
    if (result != ZE_RESULT_SUCCESS) return call_error("zeDriverGetExtensionProperties", result);
    std::vector<ze_driver_extension_properties_t> properties(count);
    result = zeDriverGetExtensionProperties(driver, &count, properties.data());
    if (result != ZE_RESULT_SUCCESS) return call_error("zeDriverGetExtensionProperties", result);

    bool listed = false;
    for (const auto& p : properties) listed = listed || std::strcmp(p.name, FAULTLINE_EXTENSION_NAME) == 0;
    if (!listed) return std::optional<Extension>{};

    Extension extension;
    extension.driver_ = driver;
    FL_RETURN_IF_ERROR(load(driver, FAULTLINE_GET_GT_STATS, &extension.get_gt_stats_));
    FL_RETURN_IF_ERROR(load(driver, FAULTLINE_GET_TEXT, &extension.get_text_));
    FL_RETURN_IF_ERROR(load(driver, FAULTLINE_GET_RESIDENCY, &extension.get_residency_));
    FL_RETURN_IF_ERROR(load(driver, FAULTLINE_SET_POLICY, &extension.set_policy_));
    return std::optional<Extension>{extension};
}

Expected<std::string> Extension::gt_stats(ze_device_handle_t device) const {
    return fetch_text(FAULTLINE_GET_GT_STATS,
                      [&](std::size_t* size, char* text) { return get_gt_stats_(device, size, text); });
}

Expected<std::string> Extension::text(ze_device_handle_t device, faultline_text_t which) const {
    return fetch_text(FAULTLINE_GET_TEXT,
                      [&](std::size_t* size, char* text) { return get_text_(device, which, size, text); });
}

Expected<std::vector<std::string>> Extension::lines(ze_device_handle_t device, faultline_text_t which) const {
    FL_ASSIGN_OR_RETURN(const std::string all, text(device, which));
    std::vector<std::string> found;
    std::istringstream in(all);
    for (std::string line; std::getline(in, line);) found.push_back(line);
    return found;
}

Status Extension::set_policy(const std::string& policy) const {
    std::array<char, 1024> why{};
    std::size_t size = why.size();
    const ze_result_t result = set_policy_(driver_, policy.c_str(), &size, why.data());
    if (result == ZE_RESULT_ERROR_INVALID_ARGUMENT) return Error{ErrorKind::kBadInput, why.data()};
    return result == ZE_RESULT_SUCCESS ? Status() : Status(call_error(FAULTLINE_SET_POLICY, result));
}

Expected<std::vector<std::int32_t>> Extension::residency(const void* ptr, std::size_t pages) const {
    std::vector<std::int32_t> where(pages);
    const ze_result_t result = get_residency_(driver_, ptr, pages, where.data());
    if (result != ZE_RESULT_SUCCESS) return call_error(FAULTLINE_GET_RESIDENCY, result);
    return where;
}

}  // namespace faultline::device
