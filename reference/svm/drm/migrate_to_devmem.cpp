// Pages to device memory: drm_pagemap_migrate_to_devmem().

#include <sys/mman.h>

#include <array>
#include <cerrno>

#include "reference/svm/drm/copy_timer.h"
#include "reference/svm/drm/migrate.h"
#include "reference/svm/drm/zdd.h"

namespace faultline::svm {
namespace {

constexpr int kExclusiveTries = 3;  // after a fork every page has to be made this process's own first

Pagemap* pagemap_of(const Entry& entry) {
    return entry.state == EntryState::kDevice ? &to_pagemap(entry.folio->pagemap) : nullptr;
}

}  // namespace

/// Copies to the allocation: system pages from where they were taken to, device pages from where they are; what the CPU
/// never touched, or has discarded, is cleared. Runs of pages are grouped by source, and a group is submitted when the
/// source changes.
int Migrator::copy_to_devmem(const Zdd& zdd, const MigrateVma& migrate, unsigned first, unsigned pages) {
    const auto address_of = [&](std::uint32_t i) -> const void* {
        const Entry& source = migrate.source(first + i);
        return source.state == EntryState::kDevice ? source.folio->page(source.index) : migrate.system_page(first + i);
    };
    std::array<CopyJob, EntryBlock::kPages> jobs;
    Pagemap& pagemap = zdd.zdd_pagemap();
    for (std::uint32_t i = 0; i < pages;) {
        Pagemap* const from = pagemap_of(migrate.source(first + i));
        std::size_t count = 0;
        const std::uint32_t group = i;
        for (; i < pages && pagemap_of(migrate.source(first + i)) == from; ++i) {
            const void* const src = address_of(i);
            CopyJob* last = count == 0 ? nullptr : &jobs[count - 1];
            const bool follows = last != nullptr && (src == nullptr) == (last->src == nullptr) &&
                                 (src == nullptr || src == static_cast<const std::byte*>(last->src) + last->size.count);
            if (follows)
                last->size = last->size + Bytes{kPageSize};
            else
                jobs[count++] = {zdd.page(i), src, {kPageSize}};
        }
        // As source_peer_migrates has it, the device that holds the pages copies them out.
        const bool source_copies = from != nullptr && pagemap.source_peer_migrates();
        Pagemap& copier = source_copies ? *from : pagemap;
        const CopyTimer timer(copier, /*to_device=*/!source_copies);
        if (const int err = copier.engine().copy({jobs.data(), count}); err != 0) return err;
        timer.done((i - group) * kPageSize);
    }
    return 0;
}

int Migrator::try_to_devmem(EntryBlock& block, Zdd& zdd, Interval interval, const CpuVma& vma) {
    MigrateVma migrate(mm_, block);
    if (const int err = migrate.setup(interval, vma, zdd.pagemap); err != 0) return err;
    zdd.huge = migrate.huge();
    const int err =
        copy_to_devmem(zdd, migrate, block.index_of(interval.start), static_cast<unsigned>(interval.pages()));
    if (err == 0)
        migrate.finalize(zdd);
    else
        migrate.restore();
    return err;
}

int Migrator::to_devmem(Pagemap& pagemap, Interval interval, Nanoseconds timeslice) {
    CpuVma vma;
    if (mm_.find_vma(interval.start, &vma) != 0) return -ENOENT;
    if (!vma.interval.contains(interval)) return -EINVAL;
    if (!is_chunk(interval.size()) || interval.start.value % interval.size() != 0) return -EINVAL;
    if (!vma.migratable || !mm_.migratable(interval)) return -EBUSY;
    EntryBlock* block = MigrateVma::block_at(mm_, interval.start);
    if (block == nullptr) return -ENOMEM;

    // Allocated before the lock: making room migrates other blocks, maybe this one.
    int err = 0;
    const Ref<Zdd> zdd = pagemap.zdd_alloc(interval, &err);
    if (zdd == nullptr) return err;
    // Relaxed: the entries that make it known are published by the lock of their block.
    zdd->expiration.store((pagemap.clock().now() + timeslice).count(), std::memory_order_relaxed);
    {
        const SpanGuard guard(block->migrate_lock, interval);
        for (int i = 0; i < kExclusiveTries; ++i) {
            err = try_to_devmem(*block, *zdd, interval, vma);
            if (err != -EBUSY || MigrateVma::frozen(mm_) || !block->device_span(interval, {}).empty()) break;
            // Not this process's alone, perhaps: a fork made it so.
            if (::madvise(interval.start.ptr(), interval.size(), MADV_POPULATE_WRITE) != 0) break;
        }
    }
    return err == MigrateVma::kAllThere ? 0 : err;
}

}  // namespace faultline::svm
