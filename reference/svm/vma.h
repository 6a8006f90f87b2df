// GPU VMAs of one VM (xe_vma): a CPU-address mirror, or the binding of a plain buffer.
//
// Thread safety: the tree and its VMAs are protected by vm.lock. Ownership: VmaTree owns its VMAs.
// Invariant: VMAs of a tree never overlap.
#pragma once

#include <boost/intrusive/set.hpp>

#include "reference/svm/types.h"

namespace faultline::svm {

enum class VmaKind : std::uint8_t {
    kCpuAddrMirror,  ///< faults are served from the process's memory (DRM_XE_VM_BIND_FLAG_CPU_ADDR_MIRROR)
    kBo,             ///< maps a buffer in VRAM
};

struct Vma : public boost::intrusive::set_base_hook<> {
    Vma(Interval span, VmaKind what) : interval(span), kind(what) {}

    Interval interval;
    VmaKind kind;
    void* physical = nullptr;  ///< kBo: where its bytes are
    bool in_mirror = false;    ///< kBo: carved out of a mirror, which it becomes again when unbound
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
    /// Adds a VMA. 0, -EINVAL when it overlaps another one, -ENOMEM.
    int insert(Interval interval, VmaKind kind, Vma** vma);
    /// Cuts `interval` out of `mirror`, leaving mirrors on both sides, and returns a VMA of that kind for it.
    /// REQUIRES: the mirror holds the interval. 0, -ENOMEM (nothing is changed).
    int carve(Vma* mirror, Interval interval, VmaKind kind, Vma** vma);
    /// Makes a carved VMA part of the mirrors beside it again.
    void restore(Vma* carved);
    void remove(Vma* vma);

private:
    struct Start {
        using type = VirtAddr;
        VirtAddr operator()(const Vma& vma) const { return vma.interval.start; }
    };
    using Tree = boost::intrusive::set<Vma, boost::intrusive::key_of_value<Start>>;

    Tree tree_;
};

}  // namespace faultline::svm
