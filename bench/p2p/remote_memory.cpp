#include "bench/p2p/remote_memory.h"

#include "bench/harness/pieces.h"
#include "bench/p2p/lanes.h"

namespace faultline::bench {

Expected<std::unique_ptr<RemoteMemory>> RemoteMemory::create(const device::Session& worker, const device::Session& peer,
                                                             Bytes size) {
    if (Status s = require_access(worker, peer); !s) return s.error();
    std::unique_ptr<RemoteMemory> memory(new RemoteMemory(peer));
    auto buffer = Pieces{1, size}.make(device::Touch::kCpuTouched);
    if (!buffer) return buffer.error();
    memory->buffer_.emplace(*std::move(buffer));
    auto advisor = Advisor::create(worker);
    if (!advisor) return advisor.error();
    memory->advisor_.emplace(*std::move(advisor));
    auto advice = memory->advisor_->prefer(*memory->buffer_, &peer.device());
    if (!advice) return advice.error();
    memory->advice_.emplace(*std::move(advice));
    return memory;
}

Status RemoteMemory::check() const { return require_placement(peer_.device(), *buffer_, Where::kHere); }

}  // namespace faultline::bench
