#include "bench/harness/advisor.h"

namespace faultline::bench {
namespace {

/// With the gaps between the pieces.
Bytes extent(const device::ColdBuffer& buffer) { return buffer.pitch() * buffer.pieces(); }

}  // namespace

Expected<Advisor> Advisor::create(const device::Session& session) {
    FL_ASSIGN_OR_RETURN(auto queue, device::CommandList::create(session.context()));
    FL_ASSIGN_OR_RETURN(auto event, device::Event::create(session.context()));
    return Advisor(std::move(queue), std::move(event));
}

Expected<Advisor::Advice> Advisor::prefer(const device::ColdBuffer& buffer, const device::Device* device) {
    FL_RETURN_IF_ERROR(change(buffer, device));
    return Advice(*this, buffer.data(), extent(buffer));
}

Status Advisor::change(const device::ColdBuffer& buffer, const device::Device* device) {
    FL_RETURN_IF_ERROR(queue_.prefer(buffer.data(), extent(buffer), device));
    return wait();
}

Status Advisor::clear(const void* start, Bytes size) {
    FL_RETURN_IF_ERROR(queue_.prefer_default(start, size));
    return wait();
}

Status Advisor::wait() {
    FL_RETURN_IF_ERROR(queue_.barrier(&event_));
    FL_RETURN_IF_ERROR(event_.wait());
    return event_.reset();
}

}  // namespace faultline::bench
