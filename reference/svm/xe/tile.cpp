#include "reference/svm/xe/tile.h"

#include "reference/svm/xe/device.h"

namespace faultline::svm {

Tile::Tile(Device& owner, unsigned index, const TileConfig& config)
    : device_(owner), id_(index), config_(config), peer_(owner) {}

int Tile::init() {
    if (const int err = owner_list().acquire(peer_, &has_interconnect); err != 0) return err;
    int err = 0;
    vram_ = Vram::create(config_.vram_size, &err);
    if (err != 0) return err;
    PagemapConfig config;
    config.mm = &device_.mm();
    config.vram = vram_;
    config.engine = config_.copy_engine;
    config.stats = &stats_;
    config.peer = &peer_;
    config.source_peer_migrates = device_.policy().migrate_side == MigrateSide::kSource;
    pagemap_ = Pagemap::create(config, &err);
    return err;
}

int Tile::renew_owner() {
    owner_list().release(peer_);
    return owner_list().acquire(peer_, &has_interconnect);
}

Tile::~Tile() {
    if (pagemap_ != nullptr) Pagemap::destroy(pagemap_);
    if (vram_ != nullptr) Vram::destroy(vram_);
    owner_list().release(peer_);
}

}  // namespace faultline::svm
