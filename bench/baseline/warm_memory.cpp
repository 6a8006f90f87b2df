#include "bench/baseline/warm_memory.h"

#include "bench/harness/pieces.h"

namespace faultline::bench {

std::string_view to_string(MemoryKind kind) {
    switch (kind) {
        case MemoryKind::kMallocDevice:
            return "malloc_device";
        case MemoryKind::kMallocSystem:
            return "malloc_system";
        case MemoryKind::kDevice:
            return "usm_device";
        case MemoryKind::kShared:
            return "usm_shared";
        case MemoryKind::kHost:
            break;
    }
    return "usm_host";
}

Expected<std::unique_ptr<WarmMemory>> WarmMemory::create(const device::Session& session, MemoryKind kind, Bytes size) {
    std::unique_ptr<WarmMemory> memory(new WarmMemory(kind, size));
    if (kind == MemoryKind::kMallocDevice || kind == MemoryKind::kMallocSystem) {
        FL_ASSIGN_OR_RETURN(memory->buffer_, Pieces{1, size}.make(device::Touch::kCpuTouched));
        if (kind == MemoryKind::kMallocDevice) return memory;
        FL_ASSIGN_OR_RETURN(memory->advisor_, Advisor::create(session));
        FL_ASSIGN_OR_RETURN(auto advice, memory->advisor_->prefer(*memory->buffer_, nullptr));
        memory->advice_.emplace(std::move(advice));
        return memory;
    }
    const device::UsmKind usm = kind == MemoryKind::kDevice   ? device::UsmKind::kDevice
                                : kind == MemoryKind::kShared ? device::UsmKind::kShared
                                                              : device::UsmKind::kHost;
    FL_ASSIGN_OR_RETURN(memory->usm_, device::UsmBlock::allocate(session.context(), usm, size));
    return memory;
}

Status WarmMemory::check(const device::Device& device) const {
    if (!buffer_) return {};
    return require_placement(device, *buffer_, kind_ == MemoryKind::kMallocSystem ? Where::kSystem : Where::kHere);
}

}  // namespace faultline::bench
