// An event that the host can wait for, with the kernel timestamps of what signalled it.
//
// Thread safety: as Level Zero events. Ownership: an Event owns a pool of its own, so that events need no bookkeeping;
// it must go before its Context.
#pragma once

#include <cstdint>

#include "base/expected.h"
#include "device/context.h"
#include "device/handle.h"

namespace faultline::device {

/// Start and end of a kernel in raw ticks of the device's timer; DeviceClock and TimestampUnit give them a meaning.
struct KernelTimestamps {
    std::uint64_t start = 0;
    std::uint64_t end = 0;
};

class Event {
public:
    static Expected<Event> create(const Context& context);

    /// Waits without a time limit: a runner owns the time limit of a whole benchmark. A kernel that touched memory that
    /// is not mapped ends here as ZE_RESULT_ERROR_DEVICE_LOST.
    Status wait() const;
    /// Whether it is over, or the context is lost: wait() would return at once.
    bool is_signalled() const;
    /// REQUIRES: nothing is in flight that signals the event.
    Status reset() const;
    /// REQUIRES: the event was signalled by a kernel.
    Expected<KernelTimestamps> timestamps() const;

    ze_event_handle_t get() const { return event_.get(); }

private:
    // In this order: the event must go before its pool.
    UniqueHandle<ze_event_pool_handle_t, zeEventPoolDestroy> pool_;
    UniqueHandle<ze_event_handle_t, zeEventDestroy> event_;
};

}  // namespace faultline::device
