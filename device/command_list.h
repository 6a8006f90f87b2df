// An immediate command list on the device's first compute queue: what is appended is submitted at once.
//
// Thread safety: one thread at a time. Ownership: must go before its Context, and after everything appended has
// completed. Commands without a barrier between them may run concurrently.
#pragma once

#include <cstdint>

#include "base/expected.h"
#include "base/units.h"
#include "device/context.h"
#include "device/event.h"
#include "device/handle.h"
#include "device/module.h"

namespace faultline::device {

class CommandList {
public:
    static Expected<CommandList> create(const Context& context);

    /// Launches `groups` work-groups of the kernel's group size; `signal`, when not null, is signalled at its end.
    Status launch(const Kernel& kernel, std::uint32_t groups, const Event* signal = nullptr);
    /// Later commands start after all earlier ones have completed; `signal` is signalled then.
    Status barrier(const Event* signal = nullptr);
    Status copy(void* destination, const void* source, Bytes size, const Event* signal = nullptr);

    /// Moves memory of the process to the device (zeCommandListAppendMemoryPrefetch), as far as its driver does.
    Status prefetch(const void* start, Bytes size);

    /// Where memory of the process is to be when this list's device faults on it next (zeCommandListAppendMemAdvise):
    /// in memory of `device`, this list's own or a peer, or in system memory where that is null.
    Status prefer(const void* start, Bytes size, const Device* device);
    /// Takes that back: the driver's default, which is the device that faults.
    Status prefer_default(const void* start, Bytes size);

    ze_command_list_handle_t get() const { return handle_.get(); }

private:
    UniqueHandle<ze_command_list_handle_t, zeCommandListDestroy> handle_;
    ze_device_handle_t device_ = nullptr;
};

}  // namespace faultline::device
