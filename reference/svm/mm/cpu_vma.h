// Finds CPU VMAs (vma_lookup) and knows which memory must never migrate.
//
// Thread safety: lookup() and exclude() from any thread; refresh_images() not from the service path (it takes the
// dynamic loader's lock).
#pragma once

#include <atomic>
#include <memory_resource>
#include <span>
#include <vector>

#include "reference/svm/core/lock.h"
#include "reference/svm/mm/mm.h"

namespace faultline::svm {

class CpuVmas {
public:
    CpuVmas();
    ~CpuVmas();
    /// Opens /proc/self/maps and pagemap once; -errno when that fails.
    int open();

    /// 0 or -ENOENT. `migratable` speaks of the VMA's kind; the pages wanted are asked about with migratable().
    int lookup(VirtAddr addr, CpuVma* vma) const { return lookup(addr, Lookup::kCovering, vma); }
    /// The VMA at `addr` or the first one after it (find_vma()). 0 or -ENOENT.
    int lookup_or_next(VirtAddr addr, CpuVma* vma) const { return lookup(addr, Lookup::kCoveringOrNext, vma); }
    /// False where the interval touches memory of the core, of an image, or anything excluded.
    bool migratable(Interval interval) const;
    /// True when huge pages stand in the interval (PAGEMAP_SCAN, Linux 6.7; before it, false).
    bool is_huge(Interval interval) const;
    /// Which pages of the interval have contents: present, or swapped out. 0 or -EIO.
    int populated(Interval interval, std::span<unsigned char> pages) const;
    void exclude(Interval interval);
    /// Undoes exclude() of the same interval.
    void readmit(Interval interval);
    /// True where a part of the interval is excluded and a part may not be.
    bool straddles(Interval interval) const;
    /// Excludes the writable segments of images loaded since the last call: code that runs in the service path uses
    /// them.
    void refresh_images();

private:
    static Interval whole_pages(Interval interval);
    enum class Lookup : std::uint8_t { kCovering, kCoveringOrNext };
    int lookup(VirtAddr addr, Lookup how, CpuVma* vma) const;
    int lookup_by_query(VirtAddr addr, Lookup how, CpuVma* vma) const;
    int lookup_by_text(VirtAddr addr, Lookup how, CpuVma* vma) const;
    bool excluded(Interval interval) const;

    int maps_ = -1;
    int pagemap_ = -1;
    mutable std::atomic<bool> has_query_{true};  // PROCMAP_QUERY, Linux 6.11: 1 us where the text takes 20 us and more
    std::atomic<unsigned long long> images_seen_{0};
    mutable SharedMutex lock_{LockRank::kLeaf, "mm.excluded"};
    std::pmr::vector<Interval> excluded_ FL_GUARDED_BY(lock_);
};

}  // namespace faultline::svm
