// Device memory as the address space sees it: struct dev_pagemap with its ops, and the folios of device-private pages.
//
// The mm keeps an entry for each page that is in device memory, and asks of it no more than the kernel's mm asks of a
// struct page: where its bytes are, whose it is, and to be brought back. Which allocator it came from and when it may
// leave is known to the room above, which implements both classes.
//
// Thread safety: every function from any thread. Ownership: a folio is refcounted, one reference for each entry that
// refers to it and one for each user; the last one frees it. A pagemap outlives its folios.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

#include "reference/svm/core/types.h"

namespace faultline::svm {

class DeviceFolio;
struct DeviceFolioFilter;
struct EntryBlock;

/// struct dev_pagemap: one region of one device's memory.
class DevPagemap {
public:
    /// dev_pagemap.owner: an identity. A device with the same owner may map these pages where they are.
    virtual const void* owner() const = 0;
    /// False while CPU faults must leave the folio's pages where they are.
    virtual bool may_leave(const DeviceFolio& folio) const = 0;
    /// dev_pagemap_ops.migrate_to_ram: brings the device pages of `part` that match back, those of other pagemaps too.
    /// 0 (also when there are none), -EIO (a copy failed: they stay), -ENOMEM. REQUIRES: `part` lies in the block.
    virtual int migrate_to_ram(EntryBlock& block, Interval part, const DeviceFolioFilter& which) = 0;

protected:
    ~DevPagemap() = default;
};

/// Pages of a DevPagemap that were allocated together.
class DeviceFolio {
public:
    explicit DeviceFolio(DevPagemap& of) : pagemap(of) {}
    DeviceFolio(const DeviceFolio&) = delete;
    DeviceFolio& operator=(const DeviceFolio&) = delete;

    /// Where the bytes of its page `index` are, in this process.
    std::byte* page(std::uint32_t index) const { return base_ + index * kPageSize; }

    /// REQUIRES: another reference that cannot go meanwhile, as an entry's under its block's lock. So relaxed is
    /// enough.
    void get() { refs_.fetch_add(1, std::memory_order_relaxed); }
    /// False when the last reference is gone already.
    bool try_get();
    void put();

    /// `count` entries refer to it from now on, each with a reference.
    void map(unsigned count);
    /// `count` entries do not any more. REQUIRES: it is not used after that without a reference.
    void unmap(unsigned count);
    /// folio_mapcount(): entries that refer to it.
    unsigned mapcount() const { return mapcount_.load(std::memory_order_acquire); }

    DevPagemap& pagemap;

protected:
    ~DeviceFolio() = default;
    /// dev_pagemap_ops.folio_free: the last reference is gone.
    virtual void free() = 0;

    std::byte* base_ = nullptr;  ///< set before the first entry refers to it

private:
    std::atomic<unsigned> refs_{1};
    std::atomic<unsigned> mapcount_{0};
};

/// Which device pages are meant; null: any.
struct DeviceFolioFilter {
    const DeviceFolio* folio = nullptr;
    const DevPagemap* pagemap = nullptr;

    bool matches(const DeviceFolio& other) const {
        return (folio == nullptr || folio == &other) && (pagemap == nullptr || pagemap == &other.pagemap);
    }
};

}  // namespace faultline::svm
