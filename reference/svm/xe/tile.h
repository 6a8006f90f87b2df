// One tile of a device and its GT (xe_tile, xe_gt): VRAM, pagemap, copy engine, TLBs, counters.
//
// Thread safety: every function may be called from any thread. Ownership: the Device owns its tiles; a tile owns its
// VRAM, pagemap and counters, and refers to engine and TLBs, which outlive it.
#pragma once

#include "reference/svm/core/gt_stats.h"
#include "reference/svm/core/seams.h"
#include "reference/svm/drm/owner.h"
#include "reference/svm/drm/pagemap.h"
#include "reference/svm/drm/vram.h"

namespace faultline::svm {

class Device;

inline constexpr unsigned kMaxTiles = 2;  ///< XE_MAX_TILES_PER_DEVICE

/// One bit a tile, as tile_present and tile_invalidated hold them.
using TileMask = std::uint8_t;

struct TileConfig {
    CopyEngine* copy_engine = nullptr;
    TlbInvalidator* tlb = nullptr;
    Bytes vram_size{512ull << 20};
};

class Tile {
public:
    Tile(Device& owner, unsigned index, const TileConfig& config);
    /// VRAM and pagemap. 0 or -ENOMEM.
    int init();
    /// Asks anew who has an interconnect with whom; pages of VMs with another owner go through system memory from now
    /// on. 0 or -ENOMEM (then it has none).
    int renew_owner();
    /// REQUIRES: no VM of the device is left.
    ~Tile();
    Tile(const Tile&) = delete;
    Tile& operator=(const Tile&) = delete;

    Device& device() { return device_; }
    unsigned id() const { return id_; }
    TileMask bit() const { return static_cast<TileMask>(1u << id_); }
    Vram& vram() { return *vram_; }
    /// xe_tile_local_pagemap().
    Pagemap& pagemap() { return *pagemap_; }
    CopyEngine& copy_engine() { return *config_.copy_engine; }
    TlbInvalidator& tlb() { return *config_.tlb; }
    GtStats& gt_stats() { return stats_; }

private:
    Device& device_;
    const unsigned id_;
    const TileConfig config_;
    GtStats stats_;
    Peer peer_;
    ArenaPtr<Vram> vram_;
    ArenaPtr<Pagemap> pagemap_;
};

}  // namespace faultline::svm
