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
        auto buffer = Pieces{1, size}.make(device::Touch::kCpuTouched);
        if (!buffer) return buffer.error();
        memory->buffer_.emplace(*std::move(buffer));
        if (kind == MemoryKind::kMallocDevice) return memory;
        auto advisor = Advisor::create(session);
        if (!advisor) return advisor.error();
        memory->advisor_.emplace(*std::move(advisor));
        auto advice = memory->advisor_->prefer(*memory->buffer_, nullptr);
        if (!advice) return advice.error();
        memory->advice_.emplace(*std::move(advice));
        return memory;
    }
    const device::UsmKind usm = kind == MemoryKind::kDevice   ? device::UsmKind::kDevice
                                : kind == MemoryKind::kShared ? device::UsmKind::kShared
                                                              : device::UsmKind::kHost;
    auto block = device::UsmBlock::allocate(session.context(), usm, size);
    if (!block) return block.error();
    memory->usm_.emplace(*std::move(block));
    return memory;
}

Status WarmMemory::check(const device::Device& device) const {
    if (!buffer_) return {};
    return require_placement(device, *buffer_, kind_ == MemoryKind::kMallocSystem ? Where::kSystem : Where::kHere);
}

}  // namespace faultline::bench
