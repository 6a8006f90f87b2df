// Device residency of SVM pages: drm_pagemap, its device-private pages (zdd), migration and eviction.
//
// A Pagemap is one VRAM region of one device. A Zdd is one allocation of it: the device pages of an interval that
// migrated together, freed when the last of its pages is gone. Migration is all-or-nothing, as in the kernel.
//
// Thread safety: every function may be called from any thread. Ownership: the Pagemap outlives its Zdds and refers to
// vram, engine and stats of its device.
#pragma once

#include <atomic>
#include <cstdint>

#include "reference/svm/core/gt_stats.h"
#include "reference/svm/core/ref.h"
#include "reference/svm/core/seams.h"
#include "reference/svm/drm/drm_device.h"
#include "reference/svm/drm/migrate.h"
#include "reference/svm/drm/owner.h"
#include "reference/svm/drm/vram.h"
#include "reference/svm/mm/mm.h"

namespace faultline::svm {

struct PagemapConfig {
    Mm* mm = nullptr;
    Vram* vram = nullptr;
    CopyEngine* engine = nullptr;
    GtStats* stats = nullptr;    ///< charged with svm_*_copy_us/kb and nothing else
    const Peer* peer = nullptr;  ///< its device, and the owner it has with others
    /// drm_pagemap_migrate_details.source_peer_migrates: pages of another device are copied by that one's engine.
    bool source_peer_migrates = true;
};

class Zdd;

class Pagemap final : public DevPagemap {
public:
    explicit Pagemap(const PagemapConfig& config)
        : config_(config), migrator_(*config.mm), source_peer_migrates_(config.source_peer_migrates) {}
    /// Brings its pages back first. REQUIRES: no migration to it under way.
    ~Pagemap();
    Pagemap(const Pagemap&) = delete;
    Pagemap& operator=(const Pagemap&) = delete;

    /// drm_pagemap_populate_mm(): migrates the whole interval here; CPU faults leave it for `timeslice`. All or
    /// nothing: -ENOENT no VMA; -EINVAL crosses a VMA; -EBUSY not anonymous, not all pages could be taken, or pages
    /// already in some device that cannot be untangled (the caller evicts, then retries); -ENOMEM no VRAM. 0 when
    /// already all here.
    int populate_mm(Interval interval, Nanoseconds timeslice);

    /// drm_pagemap_evict_to_ram(), for TTM: every page of this allocation back to system memory. Up to 3 tries, then
    /// what the last one failed with, or -EBUSY.
    int evict_to_ram(const Zdd& zdd);

    // DevPagemap
    /// An Owner: pagemaps of one owner have a fast interconnect.
    const void* owner() const override { return config_.peer->owner(); }
    /// True when the timeslice of the allocation is over.
    bool may_leave(const DeviceFolio& folio) const override;
    int migrate_to_ram(EntryBlock& block, Interval part, const DeviceFolioFilter& which) override {
        return migrator_.to_ram(block, part, which);
    }

    /// The device whose memory this is (drm_pagemap.drm).
    const DrmDevice& device() const { return config_.peer->device; }
    Vram& vram() { return *config_.vram; }
    CopyEngine& engine() { return *config_.engine; }
    GtStats& stats() { return *config_.stats; }
    Clock& clock() const { return device().clock(); }
    // Relaxed: it stands alone.
    bool source_peer_migrates() const { return source_peer_migrates_.load(std::memory_order_relaxed); }
    /// A change of policy. Migrations that are under way may follow either.
    void set_source_peer_migrates(bool on) { source_peer_migrates_.store(on, std::memory_order_relaxed); }
    /// An allocation of that size, evicting others if it must. Empty and *err: -ENOMEM or -EINVAL.
    Ref<Zdd> zdd_alloc(Interval interval, int* err);
    /// The last reference to an allocation is gone, and its VRAM free; the caller no longer touches the pagemap.
    /// Release: the destructor waits for it, and destroys what the caller used.
    void zdd_freed() { zdds_.fetch_sub(1, std::memory_order_release); }

private:
    const PagemapConfig config_;
    Migrator migrator_;
    std::atomic<bool> source_peer_migrates_;
    std::atomic<int> zdds_{0};  ///< allocations that somebody still refers to: a CPU-fault worker, say
};

/// The drm pagemap of device pages: all are of this room.
inline Pagemap& to_pagemap(DevPagemap& pagemap) { return static_cast<Pagemap&>(pagemap); }

}  // namespace faultline::svm
