// A Level Zero context on the chosen device.
//
// Thread safety: as Level Zero: creating objects on it is thread safe. Ownership: outlives every object made on it.
#pragma once

#include "base/expected.h"
#include "device/device.h"
#include "device/handle.h"

namespace faultline::device {

class Context {
public:
    static Expected<Context> create(const Device& device);

    ze_context_handle_t get() const { return handle_.get(); }
    const Device& device() const { return device_; }

private:
    UniqueHandle<ze_context_handle_t, zeContextDestroy> handle_;
    Device device_;
};

}  // namespace faultline::device
