#include "reference/gpu/links.h"

#include <algorithm>

namespace faultline::gpu {

unsigned Links::device_of(const void* address) const {
    for (unsigned device = 0; device < kMaxDevices; ++device)
        for (const svm::Vram* vram : memory_[device])
            if (vram != nullptr && vram->contains(address)) return device;
    return kSystem;
}

Links::Passage Links::send(unsigned from, unsigned to, Bytes size, Nanoseconds ready) {
    const Speed& speed = model_[from][to].speed;
    const Nanoseconds transfer = speed.time_of(size) - speed.latency;
    std::atomic<std::int64_t>& free_at = free_at_[from][to];
    std::int64_t before = free_at.load(std::memory_order_relaxed);
    std::int64_t left = 0;
    // Reserves the next turn. Relaxed: the time alone is agreed on, no memory is published by it.
    do {
        left = std::max(before, ready.count()) + transfer.count();
    } while (!free_at.compare_exchange_weak(before, left, std::memory_order_relaxed));
    return {Nanoseconds(left), Nanoseconds(left) + speed.latency};
}

}  // namespace faultline::gpu
