// The order that every invalidation keeps: zap under the notifier lock, flush, wait.

#include "reference/svm/xe/vm_tables.h"

#include <cerrno>

namespace faultline::svm {

int VmTables::init() {
    for (unsigned id = 0; id < device_.tile_count(); ++id) {
        tables_[id] = make_arena<PageTable>();
        if (tables_[id] == nullptr) return -ENOMEM;
    }
    return 0;
}

int VmTables::bind(Tile& tile, Interval interval, const void* physical, PteFlags flags) {
    PageTable& tile_table = table(tile.id());
    // Memory is asked for before the notifier lock is taken: an invalidation must not wait for it.
    if (const int err = tile_table.stage(interval, physical); err != 0) return err;
    ReadLock guard(notifier_lock_);
    tile_table.set(interval, physical, flags);
    return 0;
}

TileMask VmTables::zap(Interval interval, TileMask tiles) {
    TileMask zapped = 0;
    for_each_tile(tiles, [&](Tile& tile, PageTable& tile_table) {
        if (tile_table.zap(interval)) zapped |= tile.bit();
    });
    return zapped;
}

/// xe_vm_range_tilemask_tlb_inval(): all tiles at once, then the wait for each, so that they take the time of one.
void VmTables::flush(Interval interval, TileMask tiles) {
    std::array<TlbFence, kMaxTiles> fences;
    for_each_tile(tiles, [&](Tile& tile, PageTable&) {
        tile.gt_stats().incr(GtStat::kTlbInvalCount);
        fences[tile.id()] = tile.tlb().send(asid_, interval);
    });
    for_each_tile(tiles, [&](Tile& tile, PageTable&) { tile.tlb().wait(fences[tile.id()]); });
}

void VmTables::zap_and_flush(Interval interval) {
    TileMask zapped = 0;
    {
        WriteLock guard(notifier_lock_);
        zapped = zap(interval, all_tiles());
    }
    flush(interval, zapped);  // PTEs are gone, so no EU caches them anew: the lock is not needed for the wait
}

}  // namespace faultline::svm
