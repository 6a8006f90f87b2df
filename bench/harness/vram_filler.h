// Takes VRAM away, so that oversubscription needs little memory whatever the device has.
//
// Device memory (zeMemAllocDevice) in blocks of 16 MiB, all but `room`. The reference pins it. A driver that may evict
// it while nothing uses it leaves more room than was asked for: what oversubscribes must assert that something was
// evicted. Thread safety: a value. Ownership: frees its blocks; must go before its Context.
#pragma once

#include <vector>

#include "device/buffer.h"

namespace faultline::bench {

class VramFiller {
public:
    static Expected<VramFiller> leave(const device::Context& context, Bytes room);
    /// As much of VRAM as the driver gives; what can be evicted has been then.
    static Expected<VramFiller> all(const device::Context& context);

private:
    std::vector<device::UsmBlock> blocks_;
};

}  // namespace faultline::bench
