// The links between the devices of a model: which devices reach each other, which device's memory an address is in, and
// when bytes that are sent now will have arrived.
//
// Each direction of a pair carries one thing at a time, at the model's rate; latency is not in the way of the next.
// Thread safety: all functions, but that devices come and go while nothing is sent to or from their memory; none
// blocks. Ownership: refers to the devices' VRAM. Lives in arena memory, since EUs and service threads ask it.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>

#include "reference/gpu/model.h"
#include "reference/svm/core/seams.h"
#include "reference/svm/drm/vram.h"
#include "reference/svm/xe/tile.h"

namespace faultline::gpu {

class Links final : public svm::Topology {
public:
    explicit Links(const DeviceModel& model) : model_(model.links) {}

    bool has_link(unsigned a, unsigned b) const override { return model_[a][b].fast; }
    /// Whether a direction between them has a speed of its own.
    bool is_modelled(unsigned a, unsigned b) const {
        return model_[a][b].speed.is_modelled() || model_[b][a].speed.is_modelled();
    }

    /// REQUIRES: at most one call a tile.
    void add_memory(unsigned device, unsigned tile, const svm::Vram& vram) { memory_[device][tile] = &vram; }
    void remove_memory(unsigned device) { memory_[device] = {}; }

    static constexpr unsigned kSystem = ~0u;
    /// The device whose memory that is, or kSystem.
    unsigned device_of(const void* address) const;

    /// When `size` bytes that are ready at `ready` have left, and when they have arrived.
    struct Passage {
        Nanoseconds left;
        Nanoseconds arrived;
    };
    Passage send(unsigned from, unsigned to, Bytes size, Nanoseconds ready);

private:
    template <typename T>
    using PerPair = std::array<std::array<T, kMaxDevices>, kMaxDevices>;
    const PerPair<LinkModel> model_;
    PerPair<std::atomic<std::int64_t>> free_at_{};  ///< by sender and receiver, nanoseconds
    std::array<std::array<const svm::Vram*, svm::kMaxTiles>, kMaxDevices> memory_{};
};

}  // namespace faultline::gpu
