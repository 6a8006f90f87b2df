// Faults on ranges: xe_svm_handle_pagefault() of xe_svm.c.

#include <cerrno>

#include "reference/svm/xe/garbage_collector.h"
#include "reference/svm/xe/vm_impl.h"

namespace faultline::svm {
namespace {

// driver_migrate_lock in xe_svm_alloc_vram(): shared by all devices. Held shared for the first try; a migration that
// found pages it cannot untangle takes it exclusively, evicts, and tries once more undisturbed.
SharedMutex driver_migrate_lock{LockRank::kDriverMigrate, "driver_migrate_lock", Prefer::kWriters};

constexpr int kRetry = 1;  // goto retry

bool fits_cpu_vma(const Mm& mm, const SvmRange& range) {
    CpuVma vma;
    return mm.find_vma(range.interval.start, &vma) == 0 && vma.interval.contains(range.interval);
}

/// xe_svm_range_is_valid(): bound on the tile, not invalidated since, and in that device memory where it must be.
/// Opportunistic.
bool range_is_valid(const SvmRange& range, const Tile& tile, const SvmContext& ctx) {
    return range.has_valid_gpu_mapping(tile.bit()) && (!ctx.devmem_only || range.pages.dpagemap() == ctx.dpagemap);
}

}  // namespace

Pagemap* Vm::Impl::resolve_pagemap(const Vma& vma, Tile& tile) const {
    const PreferredLocation& preferred = vma.attr.preferred_loc;
    switch (preferred.where) {
        case PreferredLocation::Where::kDevice:
            return &preferred.device->tile(preferred.region_instance).pagemap();
        case PreferredLocation::Where::kFaultingTile:
            return policy.migrate ? &tile.pagemap() : nullptr;
        case PreferredLocation::Where::kSystem:
            break;
    }
    return nullptr;
}

RangeRef Vm::Impl::range_find_or_insert(VirtAddr addr, const Vma& vma, int* err) {
    RangeContext ctx;
    ctx.read_only = vma.flags.read_only;
    ctx.check_pages_threshold = policy.check_pages_threshold.count;
    MutexLock guard(gpusvm.range_lock());
    return adopt_range(gpusvm.range_find_or_insert(std::max(addr, vma.interval.start), vma.interval, ctx, err));
}

/// Atomics take ranges of any size: this VRAM has 4K pages, and a platform that needs 64K ones
/// (XE_VRAM_FLAGS_NEED64K) would fault for ever.
bool Vm::Impl::needs_migrate_to_vram(const SvmRange& range, const SvmContext& ctx) const {
    if (!range.migrate_devmem || ctx.dpagemap == nullptr || range.pages.dpagemap() == ctx.dpagemap) return false;
    return ctx.devmem_only || range.interval.size() >= policy.migrate_min.count;
}

int Vm::Impl::alloc_vram(SvmRange& range, const SvmContext& ctx) {
    Pagemap& dpagemap = *ctx.dpagemap;
    if (device.mm().scan(range.interval, &dpagemap) == MmScan::kEqual) return 0;
    {
        ReadLock guard(driver_migrate_lock);
        const int err = dpagemap.populate_mm(range.interval, ctx.timeslice);
        if (err != -EBUSY) return err;
    }
    // Not upgraded but taken anew: another thread may migrate in between, and then the evict finds more to do.
    WriteLock guard(driver_migrate_lock);
    device.mm().evict(range.interval);
    return dpagemap.populate_mm(range.interval, ctx.timeslice);
}

int Vm::Impl::range_get_pages(SvmRange& range, const Vma& vma, const SvmContext& wanted) {
    PagesContext ctx;
    ctx.read_only = vma.flags.read_only;
    ctx.devmem_only = wanted.devmem_only;
    // xe_svm_private_page_owner(): with system memory as target, no device page is left where it is.
    ctx.device_private_owner = wanted.dpagemap == nullptr ? nullptr : peer.owner();
    ctx.unmapped = &range.unmapped;
    const int err = range.pages.get(gpusvm, *range.notifier, range.interval, ctx);
    if (err == -EOPNOTSUPP) device.mm().evict(range.interval);
    return err;
}

int Vm::Impl::range_rebind(SvmRange& range, const Vma& vma, TileMask tiles) {
    // From the check to the last PTE no invalidation runs: one that comes later finds them, and zaps.
    MutexLock reservation(tables.resv);
    ReadLock guard(gpusvm.notifier_lock());
    if (!range.pages.valid()) return -EAGAIN;
    const auto part = [](const HmmRun& run) { return Interval{run.start, run.start + run.pages * kPageSize}; };
    const auto flags = [&](const HmmRun& run) {
        const bool devmem = run.folio != nullptr;
        const bool local = devmem && &to_pagemap(run.folio->pagemap).device() == &device;  // XE_INTERCONNECT_VRAM
        const bool atomic =
            local ? vma.attr.atomic_access != AtomicAccess::kCpu
                  : !devmem && device.config().atomics_on_smem && vma.attr.atomic_access == AtomicAccess::kDevice;
        return PteFlags{.writable = !vma.flags.read_only,
                        .atomic = atomic && !vma.flags.read_only,
                        .devmem = local,
                        .p2p = devmem && !local};  // XE_INTERCONNECT_P2P
    };
    int err = 0;
    tables.for_each_tile(tiles, [&](Tile&, PageTable& table) {
        for (const HmmRun& run : range.pages.runs())
            if (err == 0) err = table.stage(part(run), run.physical);
    });
    if (err != 0) return err;
    tables.for_each_tile(tiles, [&](Tile&, PageTable& table) {
        for (const HmmRun& run : range.pages.runs()) table.set(part(run), run.physical, flags(run));
    });
    // Release: a peek that sees the bits sees the PTEs. Present before valid, so that it never sees too much.
    range.tile_present.fetch_or(tiles, std::memory_order_release);
    range.tile_invalidated.fetch_and(static_cast<TileMask>(~tiles), std::memory_order_release);
    return 0;
}

/// What __xe_svm_handle_pagefault() keeps from one round to the next.
struct Vm::Impl::SvmFault {
    const Vma& vma;
    Tile& tile;
    const VirtAddr addr;
    SvmContext ctx;
    int migrate_tries;
    const Nanoseconds start;
    Interval* serviced;
};

/// One round of __xe_svm_handle_pagefault(), from its label `retry`: kRetry for another one.
int Vm::Impl::try_fault(SvmFault& fault) {
    SvmContext& ctx = fault.ctx;
    GtStats& stats = fault.tile.gt_stats();
    Clock& clock = device.clock();
    // Unmaps first, so that the view of ranges is current.
    int err = garbage->collect(*this);
    if (err != 0) return err;

    ctx.dpagemap = ctx.devmem_only ? &fault.tile.pagemap() : resolve_pagemap(fault.vma, fault.tile);
    const RangeRef found = range_find_or_insert(fault.addr, fault.vma, &err);
    if (!found) return err;
    SvmRange& range = *found;
    const std::uint64_t size = range.interval.size();
    stats.incr(gt_stat_of_size(GtStat::kSvm4KPagefaultCount, size));

    MutexLock guard(range.lock);
    if (range.removed) return kRetry;  // between the look-up and its lock: there may be a new one by now
    const auto done = [&] {
        stats.add_time(gt_stat_of_size(GtStat::kSvm4KPagefaultUs, size), clock.now() - fault.start);
        *fault.serviced = range.interval;
        return 0;
    };

    // A wart of 7.0, reproduced: what cannot migrate is acked as success, and the GPU faults again.
    if (ctx.devmem_only && !range.migrate_devmem) return done();
    if (range_is_valid(range, fault.tile, ctx)) {
        stats.incr(gt_stat_of_size(GtStat::kSvm4KValidPagefaultCount, size));
        return done();
    }

    if (--fault.migrate_tries >= 0 && needs_migrate_to_vram(range, ctx)) {
        const StatTimer timer(clock, stats, gt_stat_of_size(GtStat::kSvm4KMigrateUs, size));
        stats.incr(gt_stat_of_size(GtStat::kSvm4KMigrateCount, size));
        err = alloc_vram(range, ctx);
        timer.add();
        ctx.timeslice *= 2;
        if (err != 0) {
            if (!ctx.devmem_only) return kRetry;  // no try left: the next round maps the pages where they are
            if (fault.migrate_tries == 0) return err;
            // get_pages below fixes mixed placement by evicting
        }
    }

    const StatTimer get_pages_timer(clock, stats, gt_stat_of_size(GtStat::kSvm4KGetPagesUs, size));
    err = range_get_pages(range, fault.vma, ctx);
    if (err == -EOPNOTSUPP || err == -EFAULT || err == -EPERM) {
        ctx.timeslice *= 2;
        // Addresses may be another mapping's before the notifier hears of it (Mm::sync()): such a range has to go.
        if (!fits_cpu_vma(device.mm(), range)) range_destroy_locked(range);
        return fault.migrate_tries > 0 || !ctx.devmem_only ? kRetry : done();  // done: the same wart
    }
    if (err != 0) return done();
    get_pages_timer.add();

    const StatTimer bind_timer(clock, stats, gt_stat_of_size(GtStat::kSvm4KBindUs, size));
    err = range_rebind(range, fault.vma, fault.tile.bit());
    if (err == -EAGAIN) {
        ctx.timeslice *= 2;
        return kRetry;
    }
    bind_timer.add();
    return err == 0 ? done() : err;
}

int Vm::Impl::svm_handle_pagefault(Vma& vma, Tile& tile, VirtAddr addr, Access access, Interval* serviced) {
    const int need_vram = need_vram_for_atomic(vma, access);
    if (need_vram < 0) return need_vram;
    SvmFault fault{.vma = vma,
                   .tile = tile,
                   .addr = addr,
                   .ctx = {},
                   .migrate_tries = 1,
                   .start = device.clock().now(),
                   .serviced = serviced};
    if (need_vram != 0) {
        fault.ctx.devmem_only = true;
        fault.ctx.timeslice = policy.timeslice;
        fault.migrate_tries = static_cast<int>(policy.atomic_migrate_tries);
    }
    tile.gt_stats().incr(GtStat::kSvmPagefaultCount);
    int err = kRetry;
    while (err == kRetry) err = try_fault(fault);
    return err;
}

}  // namespace faultline::svm
