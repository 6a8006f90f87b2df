// The process's address space as the core sees it: mm_struct, mmu_interval_notifier and hmm_range_fault on top of
// userfaultfd (migrate_vma_* is in migrate_vma.h).
//
// It finds CPU VMAs; learns of unmap, remap and discard of watched memory and tells the interval notifiers; populates
// pages; serves CPU faults on absent pages. For every page it knows whether the newest bytes are in system memory or in
// a device page (a "device-private entry", as in the kernel's CPU page table).
//
// Thread safety: every function may be called from any thread, except where a REQUIRES says otherwise.
//
// Ownership: one Mm a process at a time; it outlives every notifier, pagemap and VM that uses it.
//
// Invariants:
//
// 1. A page has a device-private entry, or is a system page (possibly not present), never both.
//
// 2. Between start and end of an invalidation, read_begin() of a notifier over its interval waits, and read_retry() is
//    true.
//
// 3. The thread that reads userfaultfd messages never waits for anything that an EU blocked on a CPU fault must finish.
#pragma once

#include <atomic>
#include <boost/intrusive/list.hpp>
#include <cstdint>
#include <memory_resource>
#include <vector>

#include "reference/svm/core/arena.h"
#include "reference/svm/core/types.h"
#include "reference/svm/mm/device_page.h"

namespace faultline::svm {

class MmNotifiers;

/// A CPU VMA, as much of it as faults need (vm_area_struct).
struct CpuVma {
    Interval interval;
    bool readable = false;
    bool writable = false;
    bool anonymous = false;   ///< private anonymous, not hugetlb, not shared
    bool migratable = false;  ///< anonymous, rw-, not the main stack; ask Mm::migratable() about the pages wanted
};

/// enum mmu_notifier_event, as far as userfaultfd can tell them apart.
enum class MmuEvent : std::uint8_t {
    kUnmap,    ///< MMU_NOTIFY_UNMAP: munmap, or the old address of mremap
    kClear,    ///< MMU_NOTIFY_CLEAR: the pages are discarded, the VMA stays
    kMigrate,  ///< MMU_NOTIFY_MIGRATE: pages move between system and device memory
};

/// struct mmu_notifier_range.
struct MmuRange {
    Interval interval;
    MmuEvent event = MmuEvent::kUnmap;
};

/// struct mmu_interval_notifier: embedded in what wants to know (drm_gpusvm_notifier, userptr).
class IntervalNotifier : public boost::intrusive::list_base_hook<boost::intrusive::tag<class MmNotifiers>> {
public:
    virtual ~IntervalNotifier() = default;

    /// mmu_interval_notifier_ops.invalidate: called between invalidate start and end, from a service thread or from a
    /// thread that migrates. Takes the owner's notifier lock for writing, calls set_seq(seq) under it, and returns when
    /// no EU uses a translation of `range.interval` any more. Must not call back into Mm except set_seq.
    virtual void invalidate(const MmuRange& range, std::uint64_t seq) = 0;

    /// mmu_interval_set_seq(). REQUIRES: the owner's notifier lock held for writing, inside invalidate().
    /// Relaxed: read_retry() reads it under the same lock, and read_begin() only chooses whether to wait.
    void set_seq(std::uint64_t seq) { invalidate_seq_.store(seq, std::memory_order_relaxed); }

    Interval interval() const { return interval_; }

private:
    friend class MmNotifiers;
    Interval interval_;
    std::atomic<std::uint64_t> invalidate_seq_{0};
};

/// A run of consecutive pages of one placement, in hmm_range_fault's answer.
struct HmmRun {
    VirtAddr start;
    std::uint64_t pages = 0;
    void* physical = nullptr;            ///< where the first page's bytes are; the following pages follow it
    const DeviceFolio* folio = nullptr;  ///< device pages of this allocation; null: system pages (physical == start)
};

struct HmmRequest {
    Interval interval;
    bool write = true;  ///< HMM_PFN_REQ_WRITE
    /// DevPagemap::owner(): device pages of others are migrated to system first; null: all are.
    const void* device_private_owner = nullptr;
};

/// enum drm_gpusvm_scan_result, as far as migration asks.
enum class MmScan : std::uint8_t {
    kSystem,  ///< no device page (DRM_GPUSVM_SCAN_SYSTEM, and _UNPOPULATED)
    kEqual,   ///< all pages in the wanted pagemap
    kOther,   ///< all pages in one other pagemap
    kMixed,   ///< anything else
};

struct MmOptions {
    bool user_mode_only = false;  ///< UFFD_USER_MODE_ONLY: no privilege needed; system calls on VRAM pages then fail
    bool allow_move = true;       ///< false: as on a kernel without UFFDIO_MOVE; slower, with the same outcome
    unsigned cpu_fault_workers = 2;
    Bytes limbo_cache{64ull << 20};  ///< populated pages kept for the way back instead of being freed
};

/// Monotonic counters of the address-space monitor; for tests and for `doctor`.
struct MmCounters {
    std::uint64_t cpu_faults = 0;            ///< missing-page messages read
    std::uint64_t zero_fills = 0;            ///< of those, never-touched or discarded pages
    std::uint64_t cpu_fault_migrations = 0;  ///< of those, pages brought back from a device
    std::uint64_t unmap_events = 0;
    std::uint64_t remove_events = 0;
    std::uint64_t remap_events = 0;
    std::uint64_t move_retries = 0;  ///< EAGAIN and friends
};

class Mm {
public:
    /// Opens userfaultfd and starts the monitor. Returns null and sets *err: -EPERM (no permission: see `doctor`),
    /// -ENOSYS (no userfaultfd, or older than Linux 5.7), -EBUSY (this process has an Mm already), -ENOMEM.
    static ArenaPtr<Mm> create(const MmOptions& options, int* err);
    /// Brings every page back, unregisters everything, stops the threads. REQUIRES: no notifiers, no pagemaps.
    ~Mm();

    Mm(const Mm&) = delete;
    Mm& operator=(const Mm&) = delete;

    bool user_mode_only() const;
    /// False: pages are remapped out of the address space and copied back instead of moved.
    bool has_move() const;
    MmCounters counters() const;

    // VMAs

    /// vma_lookup(): 0, or -ENOENT where nothing is mapped at `addr`.
    int find_vma(VirtAddr addr, CpuVma* vma) const;
    /// drm_gpusvm_find_vma_start(): where the first VMA in the interval begins in it; its end when there is none.
    VirtAddr find_vma_start(Interval interval) const;
    /// True when every page of `interval` is present or is a device page (HMM without REQ_FAULT finds it valid).
    bool all_present(Interval interval) const;
    /// Excludes memory from migration for good (service stacks, EU stacks).
    void exclude(Interval interval);
    /// False where the interval touches memory of the core, of an image's data, or anything excluded.
    bool migratable(Interval interval) const;
    /// True where a part of the interval is excluded and a part may not be. The kernel knows no such memory: it is as
    /// if there were a VMA of its own, which the neighbours' ranges must not run into.
    bool straddles_excluded(Interval interval) const;
    /// Must be called by a thread of the application before it enters the core: its stack must not be in VRAM while it
    /// holds a lock that the thread needs which would bring it back. Cheap when called again. The exclusion ends with
    /// the thread: what the kernel maps there next is anybody's memory.
    void adopt_this_thread();

    // Interval notifiers

    /// mmu_interval_notifier_insert(): 0. May be called with gpusvm locks up to kRangeTree held.
    int notifier_insert(IntervalNotifier* notifier, Interval interval);
    /// mmu_interval_notifier_remove(): after it returns no invalidate() of this notifier runs or will run.
    /// REQUIRES: not inside invalidate(); the notifier's own lock is not held.
    void notifier_remove(IntervalNotifier* notifier);
    /// mmu_interval_read_begin(): waits while an invalidation of the notifier's interval is under way.
    std::uint64_t read_begin(const IntervalNotifier& notifier) const;
    /// mmu_interval_read_retry(). REQUIRES: the owner's notifier lock held.
    bool read_retry(const IntervalNotifier& notifier, std::uint64_t seq) const;
    /// Every unmap, remap or discard that returned to its caller before sync() was called has been told to the
    /// notifiers when it returns (the monitor reads an event before it has acted on it; a kernel does both at once).
    void sync();

    // Pages

    /// hmm_range_fault(): faults every page in, registers the interval for events, and describes the pages in order.
    /// REQUIRES: inside one VMA. Errors: -EBUSY (a migration is under way or an invalidation came between: try again),
    /// -EFAULT (no VMA), -EPERM (no access, or write wanted on a read-only VMA; memory that is watched already is not
    /// looked up again), -ENOMEM.
    int range_fault(const HmmRequest& request, std::pmr::vector<HmmRun>& runs);
    /// drm_gpusvm_scan_mm(): where the pages of the interval are; `pagemap` is the one that counts as "equal".
    MmScan scan(Interval interval, const DevPagemap* pagemap) const;
    /// drm_gpusvm_range_evict(): brings the device pages of the interval that match back to system memory. 0, -EIO (a
    /// copy failed: they stay), -ENOMEM.
    int evict(Interval interval, const DeviceFolioFilter& which = {});
    /// The same for the whole process. REQUIRES: called in the service path, or by a thread that was adopted.
    int evict_everywhere(const DeviceFolioFilter& which);
    /// Brings every device page of this process back (before a fork, and when the last VM goes).
    int evict_all();
    /// Pagemap that holds the newest bytes of the page, or null for system memory. A snapshot.
    DevPagemap* residency(VirtAddr page) const;

    /// Verifies every invariant above on the whole structure; aborts with a message where one does not hold. Tests
    /// only; REQUIRES: no operation under way.
    void check() const;

    struct Impl;
    Impl& impl() { return *impl_; }

private:
    friend struct ArenaAccess;
    explicit Mm(ArenaPtr<Impl> impl);
    /// Makes it the process's Mm and starts the monitor. 0, -EBUSY, or -errno when a thread could not be started.
    int start();

    const ArenaPtr<Impl> impl_;
};

}  // namespace faultline::svm
