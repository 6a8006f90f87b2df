// The GPU page table of one VM on one tile: 4-level radix over 48 bits, leaves of 4K, 64K and 2M (xe_pt).
//
// walk() is the hardware's page walker: lock-free, called by EUs at each TLB miss. Table pages come from the arena and
// stay until the table is destroyed, so a walker never meets a freed one. Thread safety: walk() from any thread at any
// time. stage() and set() REQUIRE the VM's reservation (one binder at a time); set() also its notifier lock held,
// shared; zap() the notifier lock held exclusively.
#pragma once

#include <atomic>
#include <cstdint>

#include "reference/svm/core/arena.h"
#include "reference/svm/core/types.h"

namespace faultline::svm {

/// What a walk found. `host` is the address of the byte asked for; `span` is the leaf around it.
struct Translation {
    bool present = false;
    bool writable = false;
    bool atomic = false;  ///< GPU atomics allowed (device memory, or hardware that does atomics on system memory)
    bool devmem = false;  ///< this device's own memory
    bool p2p = false;     ///< another device's memory, over the interconnect
    std::uint64_t host = 0;
    Interval span;

    bool permits(Access access) const {
        return present && (access == Access::kRead || (access == Access::kWrite ? writable : atomic));
    }
};

struct PteFlags {
    bool writable = false;
    bool atomic = false;
    bool devmem = false;
    bool p2p = false;
};

class PageTable {
public:
    PageTable();
    ~PageTable();
    PageTable(const PageTable&) = delete;
    PageTable& operator=(const PageTable&) = delete;

    Translation walk(VirtAddr addr) const;

    /// xe_pt_stage_bind: makes the tables that set() of the same arguments needs. 0 or -ENOMEM (nothing is changed).
    int stage(Interval interval, const void* physical);
    /// Maps `interval` to the bytes from `physical` on, in the largest leaves that alignment allows. REQUIRES:
    /// stage()d.
    void set(Interval interval, const void* physical, PteFlags flags);
    /// xe_pt_zap_ptes_range: clears every leaf of the interval. Returns whether there was any. A leaf larger than the
    /// interval's part of it is cleared whole.
    bool zap(Interval interval);
    /// True when any page of the interval is mapped.
    bool any(Interval interval) const;

private:
    struct Node;
    const ArenaPtr<Node> root_;
};

}  // namespace faultline::svm
