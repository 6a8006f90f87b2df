// Life of a tile: it joins an owner before it has a pagemap, and leaves it after.

#include "reference/svm/xe/tile.h"

#include <cerrno>

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
    config.vram = vram_.get();
    config.engine = config_.copy_engine;
    config.stats = &stats_;
    config.peer = &peer_;
    config.source_peer_migrates = device_.policy().migrate_side == MigrateSide::kSource;
    pagemap_ = make_arena<Pagemap>(config);
    return pagemap_ != nullptr ? 0 : -ENOMEM;
}

int Tile::renew_owner() {
    owner_list().release(peer_);
    return owner_list().acquire(peer_, &has_interconnect);
}

Tile::~Tile() {
    pagemap_.reset();  // brings its pages back, while it has an owner yet
    owner_list().release(peer_);
}

}  // namespace faultline::svm
