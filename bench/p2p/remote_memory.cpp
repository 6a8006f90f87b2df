#include "bench/p2p/remote_memory.h"

#include "bench/harness/pieces.h"
#include "bench/p2p/lanes.h"

namespace faultline::bench {

Expected<std::unique_ptr<RemoteMemory>> RemoteMemory::create(const device::Session& worker, const device::Session& peer,
                                                             Bytes size) {
    FL_RETURN_IF_ERROR(require_access(worker, peer));
    std::unique_ptr<RemoteMemory> memory(new RemoteMemory(peer));
    FL_ASSIGN_OR_RETURN(memory->buffer_, Pieces{1, size}.make(device::Touch::kCpuTouched));
    FL_ASSIGN_OR_RETURN(memory->advisor_, Advisor::create(worker));
    FL_ASSIGN_OR_RETURN(auto advice, memory->advisor_->prefer(*memory->buffer_, &peer.device()));
    memory->advice_.emplace(std::move(advice));
    return memory;
}

Status RemoteMemory::check() const { return require_placement(peer_.device(), *buffer_, Where::kHere); }

}  // namespace faultline::bench
