// What a device says of itself: the property queries of the device table. Stateless.
#pragma once

#include <level_zero/ze_ddi.h>

#include <cstdint>

namespace faultline::driver {

/// A vendor id beyond PCI's 16 bits, so that it is no PCI vendor's.
inline constexpr std::uint32_t kVendorId = 0x1fa17;

inline constexpr std::uint32_t kMaxArgumentsSize = 4096;

void fill_properties(ze_device_dditable_t& table);

}  // namespace faultline::driver
