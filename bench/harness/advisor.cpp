#include "bench/harness/advisor.h"

namespace faultline::bench {
namespace {

/// With the gaps between the pieces.
Bytes extent(const device::ColdBuffer& buffer) { return buffer.pitch() * buffer.pieces(); }

}  // namespace

Expected<Advisor> Advisor::create(const device::Session& session) {
    auto queue = device::CommandList::create(session.context());
    if (!queue) return queue.error();
    auto event = device::Event::create(session.context());
    if (!event) return event.error();
    return Advisor(*std::move(queue), *std::move(event));
}

Expected<Advisor::Advice> Advisor::prefer(const device::ColdBuffer& buffer, const device::Device* device) {
    if (Status s = change(buffer, device); !s) return s.error();
    return Advice(*this, buffer.data(), extent(buffer));
}

Status Advisor::change(const device::ColdBuffer& buffer, const device::Device* device) {
    if (Status s = queue_.prefer(buffer.data(), extent(buffer), device); !s) return s;
    return wait();
}

Status Advisor::clear(const void* start, Bytes size) {
    if (Status s = queue_.prefer_default(start, size); !s) return s;
    return wait();
}

Status Advisor::wait() {
    if (Status s = queue_.barrier(&event_); !s) return s;
    if (Status s = event_.wait(); !s) return s;
    return event_.reset();
}

}  // namespace faultline::bench
