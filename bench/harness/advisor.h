// Advice about where memory is to be, each call waited for, on a queue of its own.
//
// Advice belongs to addresses, and a driver may keep it when the memory there goes: whatever is advised here is taken
// back by the Advice that a call returns, before the memory goes.
// Thread safety: one thread at a time. Ownership: an Advice must go before its Advisor and before the memory, an
// Advisor before its Session.
#pragma once

#include <utility>

#include "base/expected.h"
#include "device/cold_buffer.h"
#include "device/command_list.h"
#include "device/event.h"
#include "device/session.h"

namespace faultline::bench {

class Advisor {
public:
    static Expected<Advisor> create(const device::Session& session);

    /// In force until it goes; then the default is again.
    class Advice {
    public:
        Advice(Advice&& other) noexcept
            : advisor_(other.advisor_), start_(std::exchange(other.start_, nullptr)), size_(other.size_) {}
        Advice& operator=(Advice&&) = delete;
        ~Advice() {
            if (start_ != nullptr) (void)advisor_->clear(start_, size_);
        }

    private:
        friend class Advisor;
        Advice(Advisor& advisor, const void* start, Bytes size) : advisor_(&advisor), start_(start), size_(size) {}
        Advisor* advisor_;
        const void* start_;
        Bytes size_;
    };

    /// What the session's device faults on is to be in memory of `device`, or in system memory where that is null.
    Expected<Advice> prefer(const device::ColdBuffer& buffer, const device::Device* device);
    /// The same for memory that has an Advice already.
    Status change(const device::ColdBuffer& buffer, const device::Device* device);

private:
    Advisor(device::CommandList queue, device::Event event) : queue_(std::move(queue)), event_(std::move(event)) {}
    Status clear(const void* start, Bytes size);
    Status wait();

    device::CommandList queue_;
    device::Event event_;
};

}  // namespace faultline::bench
