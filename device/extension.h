// The reference's Level Zero extension (faultline_ext.h) with C++ types.
//
// Thread safety: as the extension, any thread. Lifetime: valid while the driver is loaded.
#pragma once

#include <level_zero/ze_api.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/expected.h"
#include "device/faultline_ext.h"

namespace faultline::device {

class Extension {
public:
    /// The extension of `driver`; empty when the driver does not list it, which is how any real driver answers. An
    /// error when the driver lists it but lacks one of its functions.
    static Expected<std::optional<Extension>> find(ze_driver_handle_t driver);

    /// GT counters in debugfs's text format.
    Expected<std::string> gt_stats(ze_device_handle_t device) const;
    /// One of the driver's texts.
    Expected<std::string> text(ze_device_handle_t device, faultline_text_t which) const;
    /// The lines of one of them.
    Expected<std::vector<std::string>> lines(ze_device_handle_t device, faultline_text_t which) const;
    /// Another policy for contexts made from now on. Error: kBadInput with the driver's own words; kDevice while a
    /// kernel runs.
    Status set_policy(const std::string& policy) const;
    /// Where each of `pages` 4 KiB pages from `ptr` is: FAULTLINE_RESIDENCY_SYSTEM, or a device index.
    Expected<std::vector<std::int32_t>> residency(const void* ptr, std::size_t pages) const;

private:
    ze_driver_handle_t driver_ = nullptr;
    faultline_pfnDeviceGetGtStats_t get_gt_stats_ = nullptr;
    faultline_pfnDeviceGetText_t get_text_ = nullptr;
    faultline_pfnDriverGetResidency_t get_residency_ = nullptr;
    faultline_pfnDriverSetPolicy_t set_policy_ = nullptr;
};

}  // namespace faultline::device
