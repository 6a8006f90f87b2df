// Work-groups that read one buffer until they are stopped (bench/kernels/busy.cl), on a queue of their own.
//
// While they run, nothing else needs to be able to: a device may run one kernel after another.
// Thread safety: one thread at a time. Ownership: must go before its Session and the buffer; stop() must have been
// called, or the destructor does.
#pragma once

#include <cstdint>

#include "base/expected.h"
#include "device/buffer.h"
#include "device/cold_buffer.h"
#include "device/command_list.h"
#include "device/event.h"
#include "device/module.h"
#include "device/session.h"

namespace faultline::bench {

class BusyReaders {
public:
    /// `groups`: no more than the device has EUs, since none of them makes way for another.
    static Expected<BusyReaders> create(const device::Session& session, std::uint32_t groups);
    /// REQUIRES: not started.
    BusyReaders(BusyReaders&&) = default;
    ~BusyReaders();

    /// Launches, and returns when each has read all pages once. The CPU must have written the buffer, one mapping.
    Status start(const device::ColdBuffer& buffer);
    /// Waits until each has begun and ended another pass.
    Status wait_for_pass();
    /// Ends them, waits, and checks what they read.
    Status stop();

private:
    BusyReaders(const device::Session& session, std::uint32_t groups, device::CommandList queue, device::Event event,
                device::Module module, device::Kernel kernel, device::HostBuffer<std::uint32_t> flags,
                device::HostBuffer<std::uint64_t> wrong)
        : session_(&session),
          groups_(groups),
          queue_(std::move(queue)),
          event_(std::move(event)),
          module_(std::move(module)),
          kernel_(std::move(kernel)),
          flags_(std::move(flags)),
          wrong_(std::move(wrong)) {}

    Status launch(const device::ColdBuffer& buffer, std::uint32_t groups, bool stopped);
    /// Until each has ended so many passes more.
    Status wait_for(std::uint32_t passes);
    std::uint32_t passes(std::uint32_t group) const;

    const device::Session* session_;
    std::uint32_t groups_;
    device::CommandList queue_;
    device::Event event_;
    device::Module module_;
    device::Kernel kernel_;
    device::HostBuffer<std::uint32_t> flags_;  // stop, then the passes of each group
    device::HostBuffer<std::uint64_t> wrong_;
    bool running_ = false;
};

}  // namespace faultline::bench
