// One migration of pages of a 2 MiB block: struct migrate_vma with migrate_vma_setup(), _pages() and _finalize().
//
// Private to reference/svm. setup() tells the notifiers, so that no EU uses the pages any more, and makes their entries
// this migration's; what is done to the bytes is the caller's; finalize() says what the entries are from then on, and
// wakes the threads that wait for them. Entries are marked only after the notifiers were told: an EU blocked on a CPU
// fault must be served while the notifiers wait for it, and faults on marked entries are not served before the end.
//
// System pages that are neither in the address space nor in device memory stand in a unit of limbo.
//
// Thread safety: one thread uses a MigrateVma; it holds the block's migrate_lock over every interval that it names.
// Ownership: on the stack of the thread that migrates; entries refer to it between setup() and finalize(). Does not
// allocate, but units of limbo. Errors are negative errno.
#pragma once

#include <array>

#include "reference/svm/mm/entries.h"
#include "reference/svm/mm/limbo.h"
#include "reference/svm/mm/mm.h"

namespace faultline::svm {

class MigrateVma {
public:
    static constexpr int kAllThere = 1;  ///< setup(): every page is in the wanted pagemap already

    /// The block of the address, made if need be; null when there is no memory.
    static EntryBlock* block_at(Mm& mm, VirtAddr addr);
    /// True while a fork is under way: nothing migrates to a device.
    static bool frozen(Mm& mm);

    MigrateVma(Mm& mm, EntryBlock& block);
    /// Gives the unit back. REQUIRES: finalize() was called for every page that setup() took.
    ~MigrateVma();
    MigrateVma(const MigrateVma&) = delete;
    MigrateVma& operator=(const MigrateVma&) = delete;

    /// migrate_vma_setup() on the way to a device: takes every page of the interval, and moves the system pages out of
    /// the address space. 0; kAllThere; -EBUSY (a page is not exclusively owned, or of a device that does not share
    /// the pagemap's owner, or some are there and some not; or frozen), -ENOENT (not that VMA any more), -ENOMEM. All
    /// is as before where it is not 0. REQUIRES: called once.
    int setup(Interval interval, const CpuVma& vma, const DevPagemap& pagemap);
    /// The same on the way to system memory: takes the device pages of the interval that match. REQUIRES: as above.
    void setup(Interval interval, const DeviceFolioFilter& which);

    /// What the page's entry was before setup(): a system page, or a device page that is this migration's now. By index
    /// in the block, as everywhere here.
    const Entry& source(unsigned index) const { return sources_[index]; }
    /// Where the bytes of a system page stand now; null: the CPU never touched it, or has discarded it.
    const void* system_page(unsigned index) const;
    /// One huge page was taken.
    bool huge() const { return unit_.kind == LimboKind::kHuge; }

    /// migrate_vma_finalize() of pages that were copied to a device: entries refer to the folio's pages from now on,
    /// and what they were before is nobody's. Pages that were unmapped or discarded meanwhile are dropped from it.
    void finalize(DeviceFolio& folio);
    /// After a failed copy to a device: every page is again where it was.
    void restore();

    /// System pages for up to 2 MiB of this migration to system memory, in limbo, to be copied to. 0 or -ENOMEM.
    int alloc_system(Interval interval, bool was_huge, LimboUnit* unit);
    /// Moves them to the interval, wherever it is by now, and gives the unit back. The device pages are the caller's to
    /// drop.
    void put_back(Interval interval, const LimboUnit& unit);
    /// After a failed copy to system memory, or without memory to copy to: the device pages of the interval stay.
    /// REQUIRES: they are of one folio.
    void keep(Interval interval);
    /// Gives a unit back whose contents nobody wants.
    void free_system(const LimboUnit& unit);

private:
    int take(Interval interval, const CpuVma& vma, const DevPagemap& pagemap);
    int check_sources(Interval interval, const DevPagemap& pagemap) const;
    std::uint64_t take_out(int* err);
    int remap_out();
    bool all_stand() const;
    bool all_system() const;
    void drop_sources() const;
    bool move_back(Interval interval, VirtAddr unit);
    void put_back_page(unsigned index, VirtAddr from);
    template <typename F>
    unsigned finalize(Interval interval, F&& f);
    void finalize_as_system(Interval interval);
    unsigned first() const { return block_.index_of(interval_.start); }
    unsigned end() const { return first() + static_cast<unsigned>(interval_.pages()); }
    Interval page_at(unsigned index) const { return {block_.page_at(index), block_.page_at(index + 1)}; }

    Mm::Impl& mm_;
    EntryBlock& block_;
    Migration pages_;
    std::array<Entry, EntryBlock::kPages> sources_;
    // To a device only.
    Interval interval_;
    LimboUnit unit_;                                           ///< at null: none
    std::uint64_t taken_ = 0;                                  ///< bytes that were moved to the unit, from the front
    bool complete_ = false;                                    ///< the unit is full of pages, and nobody wants them
    std::array<unsigned char, EntryBlock::kPages> populated_;  ///< pages of the unit, by their place in it
};

}  // namespace faultline::svm
