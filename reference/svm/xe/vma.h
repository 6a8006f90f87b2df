// GPU VMAs of one VM (xe_vma): a CPU-address mirror, memory of the process at another address (userptr), or the binding
// of a plain buffer.
//
// Thread safety: the tree and its VMAs are protected by vm.lock, except: `fault_lock` makes faults on a VMA take turns;
// `tile_present` and `tile_invalidated` are written under the notifier lock or the buffer's and peeked at elsewhere.
// Ownership: VmaTree owns its VMAs; a VMA owns its userptr or the mapping of its buffer.
// Invariant: VMAs of a tree never overlap.
#pragma once

#include <atomic>
#include <boost/intrusive/set.hpp>

#include "reference/svm/core/arena.h"
#include "reference/svm/core/lock.h"
#include "reference/svm/core/types.h"
#include "reference/svm/xe/mem_attr.h"
#include "reference/svm/xe/tile.h"

namespace faultline::svm {

class Userptr;
class VmBoMapping;

enum class VmaKind : std::uint8_t {
    kCpuAddrMirror,  ///< faults are served from the process's memory (DRM_XE_VM_BIND_FLAG_CPU_ADDR_MIRROR)
    kUserptr,        ///< memory of the process, at an address of its own
    kBo,             ///< maps a buffer
};

/// DRM_XE_VM_BIND_FLAG_*, as far as a mapping keeps them.
struct BindFlags {
    bool read_only = false;          ///< GPU writes are refused
    bool madvise_autoreset = false;  ///< advice is forgotten where the CPU unmaps

    friend bool operator==(const BindFlags&, const BindFlags&) = default;
};

struct Vma : public boost::intrusive::set_base_hook<> {
    Vma(Interval span, VmaKind what, BindFlags how);
    ~Vma();
    Vma(const Vma&) = delete;
    Vma& operator=(const Vma&) = delete;

    /// Acquire pairs with the binder's release: a bit that is seen has its PTEs behind it.
    bool has_valid_gpu_mapping(TileMask tiles) const {
        return (tile_present.load(std::memory_order_acquire) & ~tile_invalidated.load(std::memory_order_acquire) &
                tiles) == tiles;
    }

    Interval interval;
    const VmaKind kind;
    const BindFlags flags;
    MemAttr attr;
    ArenaPtr<VmBoMapping> bo;   ///< kBo
    ArenaPtr<Userptr> userptr;  ///< kUserptr
    bool in_mirror = false;     ///< kBo: carved out of a mirror, which it becomes again when unbound
    MemAttr mirror_attr;        ///< in_mirror: what that mirror was advised
    BindFlags mirror_flags;     ///< in_mirror: and how it was bound

    Mutex fault_lock{LockRank::kRange, "vma.fault_lock"};
    std::atomic<TileMask> tile_present{0};
    std::atomic<TileMask> tile_invalidated{0};
};

class VmaTree {
public:
    VmaTree() = default;
    ~VmaTree();
    VmaTree(const VmaTree&) = delete;
    VmaTree& operator=(const VmaTree&) = delete;

    /// The VMA that holds the address, or null (xe_vm_find_overlapping_vma).
    Vma* find(VirtAddr addr);
    /// The first VMA that overlaps the interval, or null.
    Vma* first_in(Interval interval);
    /// The VMA after this one that overlaps the interval, or null.
    Vma* next_in(const Vma& vma, Interval interval) {
        Vma* after = next(vma);
        return after != nullptr && after->interval.overlaps(interval) ? after : nullptr;
    }
    /// Adds a VMA. 0, -EINVAL when it overlaps another one, -ENOMEM.
    int insert(Interval interval, VmaKind kind, BindFlags flags, Vma** vma);
    /// Cuts `interval` out of `mirror`, leaving mirrors on both sides, and returns a VMA of that kind for it.
    /// REQUIRES: the mirror holds the interval. 0, -ENOMEM (nothing is changed).
    int carve(Vma* mirror, Interval interval, VmaKind kind, BindFlags flags, Vma** vma);
    /// Makes a carved VMA part of the mirror again. 0, -ENOMEM (it stays).
    int restore(Vma* carved);
    /// Splits mirrors at the interval's ends, so that each VMA is inside or outside of it (xe_vm_alloc_madvise_vma).
    /// 0, -ENOMEM (split at most at one end).
    int split(Interval interval);
    /// Merges mirrors that touch, in or at the interval, where all that they know is equal.
    void merge(Interval interval);
    void remove(Vma* vma);

private:
    struct Start {
        using type = VirtAddr;
        VirtAddr operator()(const Vma& vma) const { return vma.interval.start; }
    };
    using Tree = boost::intrusive::set<Vma, boost::intrusive::key_of_value<Start>>;

    Vma* next(const Vma& vma);
    int split_at(VirtAddr addr);

    Tree tree_;
};

}  // namespace faultline::svm
