// Pages between system memory and devices: the migrating half of drm_pagemap.c, on what migrate_vma.h offers.
//
// Private to reference/svm. Each way goes: tell the notifiers (no EU uses the pages any more), mark the entries, take
// or copy, set the final entries, wake. All of an interval migrates to a device, or nothing. Thread safety: every
// function from any thread. Ownership: refers to the Mm.
#pragma once

#include "reference/svm/core/types.h"
#include "reference/svm/mm/migrate_vma.h"
#include "reference/svm/mm/mm.h"

namespace faultline::svm {

class Pagemap;
class Zdd;

class Migrator {
public:
    explicit Migrator(Mm& mm) : mm_(mm) {}

    /// drm_pagemap_migrate_to_devmem(). See Pagemap::populate_mm().
    int to_devmem(Pagemap& pagemap, Interval interval, Nanoseconds timeslice);
    /// drm_pagemap_migrate_to_ram(). See DevPagemap::migrate_to_ram().
    int to_ram(EntryBlock& block, Interval part, const DeviceFolioFilter& which);

private:
    /// One attempt. -EBUSY: a page is not exclusively owned, or not all can be taken.
    int try_to_devmem(EntryBlock& block, Zdd& zdd, Interval interval, const CpuVma& vma);
    static int copy_to_devmem(const Zdd& zdd, const MigrateVma& migrate, unsigned first, unsigned pages);
    static int copy_to_ram(const MigrateVma& migrate, unsigned first, std::uint64_t bytes, const LimboUnit& unit);

    Mm& mm_;
};

}  // namespace faultline::svm
