// Where the newest bytes of each page are: the device-private and migration entries of the kernel's CPU page table.
//
// One block per 2 MiB of address space that was ever watched. A page has one of these states; system memory is the rule
// and needs no block. Blocks are never freed before the table is: address space is reused, and 16 bytes a page are
// 0.4 %.
//
// Thread safety: find() is lock-free; a block's entries under its `lock` (a leaf, never held while anything waits).
// `migrate_lock` serialises migrations that touch the same 64 KiB.
#pragma once

#include <array>
#include <atomic>
#include <bitset>

#include "reference/svm/core/arena.h"
#include "reference/svm/core/lock.h"
#include "reference/svm/core/span_lock.h"
#include "reference/svm/core/types.h"
#include "reference/svm/mm/device_page.h"

namespace faultline::svm {

struct Migration;

enum class EntryState : std::uint8_t {
    kSystem,     ///< none: the page, present or not, is the CPU's
    kDevice,     ///< device-private: page `index` of `folio`
    kMigrating,  ///< page `index` of `migration`; a CPU that faults on it waits for the wake at the end
};

struct Entry {
    EntryState state = EntryState::kSystem;
    std::uint32_t index = 0;
    union {
        DeviceFolio* folio = nullptr;
        Migration* migration;
    };

    bool is_device(const DeviceFolioFilter& which) const {
        return state == EntryState::kDevice && which.matches(*folio);
    }
};

struct EntryBlock {
    static constexpr unsigned kPages = kSize2M / kPageSize;

    explicit EntryBlock(VirtAddr start) : base(start) {}

    unsigned index_of(VirtAddr page) const { return static_cast<unsigned>((page - base) >> kPageShift); }
    VirtAddr page_at(unsigned index) const { return base + index * kPageSize; }
    Interval interval() const { return {base, base + kSize2M}; }
    /// The smallest interval that has all device pages of the part that match; empty where none does. *folio, where
    /// wanted: the first one's, with a reference for the caller.
    Interval device_span(Interval part, const DeviceFolioFilter& which, DeviceFolio** folio = nullptr)
        FL_EXCLUDES(lock);

    const VirtAddr base;
    SpanLock migrate_lock{LockRank::kMigrate, "mm.block.migrate_lock"};
    Mutex lock{LockRank::kLeaf, "mm.block.lock"};
    std::array<Entry, kPages> entries FL_GUARDED_BY(lock);
    std::bitset<kPages> registered FL_GUARDED_BY(lock);  ///< userfaultfd tells us about these pages
    /// Registered system pages found present, and neither taken nor reported gone since. A page whose discard is not
    /// reported yet may be marked: a thread that touches it takes an ordinary CPU fault. Saves a mincore() a fault, 0.6
    /// us.
    std::bitset<kPages> present FL_GUARDED_BY(lock);
    /// System pages that were told as discarded, and not filled since. The kernel tells before it discards: what is
    /// there is still the old page, or none.
    std::bitset<kPages> discarded FL_GUARDED_BY(lock);
    EntryBlock* next = nullptr;  ///< list of all blocks, for walkers
};

/// The pages of one block that one migration holds, as migrate_vma holds folios: an unmap or remap that is told
/// meanwhile takes the entry away or along, and notes it here. On the stack of the thread that migrates, until none of
/// its entries is left.
///
/// Thread safety: the reader writes where it handles events; everybody else holds
/// Monitor::map_changing_lock().
struct Migration {
    struct Page {
        VirtAddr at;             ///< where its entry is by now; null: unmapped, and no longer anybody's
        bool discarded = false;  ///< its bytes are not wanted any more
        bool stale = false;  ///< discarded before it was taken: it is a page of zeroes, even if an old one was taken
    };

    explicit Migration(const EntryBlock& block) : home(block) {}

    /// Makes the entry this migration's; returns what it was.
    Entry take(EntryBlock& block, unsigned index) FL_REQUIRES(block.lock) {
        const Entry taken = block.entries[index];
        pages[index] = {.at = block.page_at(index), .stale = block.discarded.test(index)};
        block.discarded.reset(index);
        block.entries[index].state = EntryState::kMigrating;
        block.entries[index].index = index;
        block.entries[index].migration = this;
        block.present.reset(index);
        return taken;
    }
    /// Nothing was told of the page.
    bool undisturbed(unsigned index) const { return stands(index) && !pages[index].discarded; }
    /// What stands at the page's address is what was taken.
    bool stands(unsigned index) const { return pages[index].at == home.page_at(index); }

    const EntryBlock& home;
    std::array<Page, EntryBlock::kPages> pages;  ///< by index in the block
};

class EntryTable {
public:
    EntryTable();
    ~EntryTable();
    EntryTable(const EntryTable&) = delete;
    EntryTable& operator=(const EntryTable&) = delete;

    /// The block of the address, or null when none of its pages was ever watched.
    EntryBlock* find(VirtAddr addr) const;
    /// The same, made if need be; null when there is no memory.
    EntryBlock* find_or_create(VirtAddr addr);
    /// Calls f(block, part of the interval in it) for each existing block of the interval.
    template <typename F>
    void for_each(Interval interval, F&& f) const {
        for (VirtAddr a = interval.start.align_down(kSize2M); a < interval.end; a = a + kSize2M)
            if (EntryBlock* block = find(a)) f(*block, interval.intersect(block->interval()));
    }
    /// Newest block first.
    EntryBlock* all() const { return all_.load(std::memory_order_acquire); }

private:
    // 47 bits of address: 13 for the top, 13 for the second level, 21 inside a block.
    static constexpr unsigned kBits = 13;
    using Level = std::array<std::atomic<EntryBlock*>, 1u << kBits>;
    using Top = std::array<std::atomic<Level*>, 1u << kBits>;

    const ArenaPtr<Top> top_;
    std::atomic<EntryBlock*> all_{nullptr};
};

/// Brings the device pages of `part` that match back to system memory, by the op of the first one's pagemap. 0 (also
/// when there are none), -EIO (a copy failed: they stay), -ENOMEM.
int migrate_to_ram(EntryBlock& block, Interval part, const DeviceFolioFilter& which);

}  // namespace faultline::svm
