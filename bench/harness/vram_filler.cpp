#include "bench/harness/vram_filler.h"

namespace faultline::bench {

namespace {

constexpr Bytes kBlock{16u << 20};

}  // namespace

Expected<VramFiller> VramFiller::leave(const device::Context& context, Bytes room) {
    VramFiller filler;
    for (Bytes free = context.device().vram; free >= room + kBlock; free = free - kBlock) {
        FL_ASSIGN_OR_RETURN(auto block, device::UsmBlock::allocate(context, device::UsmKind::kDevice, kBlock));
        filler.blocks_.push_back(std::move(block));
    }
    return filler;
}

Expected<VramFiller> VramFiller::all(const device::Context& context) {
    VramFiller filler;
    for (std::uint64_t blocks = context.device().vram / kBlock; blocks > 0; --blocks) {
        auto block = device::UsmBlock::allocate(context, device::UsmKind::kDevice, kBlock);
        if (!block && !filler.blocks_.empty()) return filler;  // the rest is pinned
        if (!block) return block.error();
        filler.blocks_.push_back(*std::move(block));
    }
    return filler;
}

}  // namespace faultline::bench
