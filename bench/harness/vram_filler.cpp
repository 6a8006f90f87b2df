#include "bench/harness/vram_filler.h"

namespace faultline::bench {

Expected<VramFiller> VramFiller::leave(const device::Context& context, Bytes room) {
    constexpr Bytes kBlock{16u << 20};
    VramFiller filler;
    for (Bytes free = context.device().vram; free >= room + kBlock; free = free - kBlock) {
        auto block = device::UsmBlock::allocate(context, device::UsmKind::kDevice, kBlock);
        if (!block) return block.error();
        filler.blocks_.push_back(*std::move(block));
    }
    return filler;
}

}  // namespace faultline::bench
