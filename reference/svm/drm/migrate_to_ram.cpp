// Pages back to system memory: drm_pagemap_migrate_to_ram(), for the CPU that touches them or an eviction.

#include <cerrno>

#include "reference/svm/drm/copy_timer.h"
#include "reference/svm/drm/migrate.h"
#include "reference/svm/drm/zdd.h"

namespace faultline::svm {
namespace {

/// How many pages from `first` on can go back at once: the longest aligned piece of one allocation that a unit of limbo
/// can hold.
unsigned piece_at(const MigrateVma& migrate, unsigned first, unsigned end) {
    const Entry& entry = migrate.source(first);
    const auto fits = [&](unsigned pages) {
        if (first % pages != 0 || first + pages > end) return false;
        for (unsigned j = 1; j < pages; ++j) {
            const Entry& other = migrate.source(first + j);
            if (other.state != EntryState::kDevice || other.folio != entry.folio || other.index != entry.index + j)
                return false;
        }
        return true;
    };
    constexpr unsigned k64KPages = kSize64K / kPageSize;
    return fits(EntryBlock::kPages) ? EntryBlock::kPages : fits(k64KPages) ? k64KPages : 1;
}

}  // namespace

int Migrator::copy_to_ram(const MigrateVma& migrate, unsigned first, std::uint64_t bytes, const LimboUnit& unit) {
    const Entry& source = migrate.source(first);
    Pagemap& pagemap = to_pagemap(source.folio->pagemap);
    const CopyTimer timer(pagemap, /*to_device=*/false);
    const CopyJob job{unit.start.ptr(), source.folio->page(source.index), {bytes}};
    if (const int err = pagemap.engine().copy({&job, 1}); err != 0) return err;
    timer.done(bytes);
    return 0;
}

int Migrator::to_ram(EntryBlock& block, Interval part, const DeviceFolioFilter& which) {
    const SpanGuard guard(block.migrate_lock, part);
    const Interval left = block.device_span(part, which);
    if (left.empty()) return 0;  // while the lock was waited for, another one brought them back

    MigrateVma migrate(mm_, block);
    migrate.setup(left, which);
    int result = 0;
    const unsigned end = block.index_of(left.start) + static_cast<unsigned>(left.pages());
    for (unsigned i = block.index_of(left.start); i < end;) {
        if (migrate.source(i).state != EntryState::kDevice) {
            ++i;
            continue;
        }
        const unsigned pages = piece_at(migrate, i, end);
        const Interval piece{block.page_at(i), block.page_at(i + pages)};
        Zdd& zdd = to_zdd(*migrate.source(i).folio);
        LimboUnit unit;
        int err = migrate.alloc_system(piece, zdd.huge, &unit);
        if (err == 0) {
            err = copy_to_ram(migrate, i, piece.size(), unit);
            if (err != 0) migrate.free_system(unit);
        }
        if (err == 0) {
            migrate.put_back(piece, unit);
            zdd.unmap(pages);
        } else {
            migrate.keep(piece);
            result = err;  // the other pieces may yet come back
        }
        i += pages;
    }
    return result;
}

}  // namespace faultline::svm
