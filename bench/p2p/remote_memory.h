// Malloc memory that stays in a peer's memory while another device uses it over the link.
//
// Thread safety: as Advisor. Ownership: owns the memory; must go before both Sessions.
#pragma once

#include <memory>
#include <optional>

#include "bench/harness/advisor.h"
#include "device/cold_buffer.h"
#include "device/session.h"

namespace faultline::bench {

class RemoteMemory {
public:
    /// One mapping; the worker is advised to leave it with the peer. Whoever fills it does so on the peer.
    static Expected<std::unique_ptr<RemoteMemory>> create(const device::Session& worker, const device::Session& peer,
                                                          Bytes size);

    void* data() const { return buffer_->data(); }
    /// That all of it is in the peer's memory. Where the driver does not tell: success.
    Status check() const;

private:
    explicit RemoteMemory(const device::Session& peer) : peer_(peer) {}

    const device::Session& peer_;
    // In this order: the advice must go before the memory.
    std::optional<device::ColdBuffer> buffer_;
    std::optional<Advisor> advisor_;
    std::optional<Advisor::Advice> advice_;
};

}  // namespace faultline::bench
