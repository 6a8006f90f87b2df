// The page tables of one VM, one for each tile, and the TLBs that cache them (xe_pt and xe_tlb_inval of a VM).
//
// Private to reference/svm. Thread safety: zap() with the notifier lock held exclusively; flush() from any thread;
// `resv`, the VM's dma-resv, makes binders take turns. Ownership: owns the tables; refers to the device and to gpusvm's
// notifier lock.
#pragma once

#include <array>
#include <cstdint>

#include "reference/svm/core/arena.h"
#include "reference/svm/core/lock.h"
#include "reference/svm/xe/device.h"
#include "reference/svm/xe/page_table.h"
#include "reference/svm/xe/tile.h"

namespace faultline::svm {

class VmTables {
public:
    VmTables(Device& device, SharedMutex& notifier_lock) : device_(device), notifier_lock_(notifier_lock) {}
    /// 0 or -ENOMEM. REQUIRES: called once, before all else.
    int init();
    /// TLBs know the VM by it. REQUIRES: called before the first bind.
    void set_asid(std::uint32_t asid) { asid_ = asid; }
    std::uint32_t asid() const { return asid_; }

    PageTable& table(unsigned tile) { return *tables_[tile]; }
    const PageTable& table(unsigned tile) const { return *tables_[tile]; }
    TileMask all_tiles() const { return static_cast<TileMask>((1u << device_.tile_count()) - 1); }
    /// Calls f(tile, table) for each tile of the mask.
    template <typename F>
    void for_each_tile(TileMask tiles, F&& f) {
        for (unsigned id = 0; id < device_.tile_count(); ++id)
            if ((tiles & (1u << id)) != 0) f(device_.tile(id), *tables_[id]);
    }

    /// Maps `interval` to `physical` on the tile; stages, then commits under the notifier lock. 0 or -ENOMEM.
    int bind(Tile& tile, Interval interval, const void* physical, PteFlags flags) FL_REQUIRES(resv);
    /// Clears every PTE of the interval on those tiles; returns the tiles that had any. REQUIRES: the notifier lock
    /// held exclusively.
    TileMask zap(Interval interval, TileMask tiles);
    /// Tells every tile of the mask that its translations of the interval are void; no EU uses one when it returns.
    void flush(Interval interval, TileMask tiles);
    /// Both, on every tile.
    void zap_and_flush(Interval interval);

    Mutex resv{LockRank::kVmReservation, "vm.resv"};

private:
    Device& device_;
    SharedMutex& notifier_lock_;
    std::uint32_t asid_ = 0;
    std::array<ArenaPtr<PageTable>, kMaxTiles> tables_;
};

}  // namespace faultline::svm
