// VMAs are split, carved, restored and merged so that a failure for want of memory leaves the tree as it was.

#include "reference/svm/xe/vma.h"

#include <cerrno>

#include "reference/svm/xe/vm_impl.h"

namespace faultline::svm {

Vma::Vma(Interval span, VmaKind what, BindFlags how) : interval(span), kind(what), flags(how) {}
Vma::~Vma() = default;

VmaTree::~VmaTree() {
    tree_.clear_and_dispose([](Vma* vma) { arena_delete(vma); });
}

Vma* VmaTree::find(VirtAddr addr) { return first_in({addr, addr + 1}); }

Vma* VmaTree::first_in(Interval interval) {
    auto it = tree_.upper_bound(interval.start);
    if (it != tree_.begin()) {
        auto before = std::prev(it);
        if (before->interval.overlaps(interval)) return &*before;
    }
    return it != tree_.end() && it->interval.overlaps(interval) ? &*it : nullptr;
}

Vma* VmaTree::next(const Vma& vma) {
    auto it = std::next(tree_.iterator_to(const_cast<Vma&>(vma)));
    return it == tree_.end() ? nullptr : &*it;
}

int VmaTree::insert(Interval interval, VmaKind kind, BindFlags flags, Vma** vma) {
    if (first_in(interval) != nullptr) return -EINVAL;
    *vma = make_arena<Vma>(interval, kind, flags).release();
    if (*vma == nullptr) return -ENOMEM;
    tree_.insert(**vma);
    return 0;
}

int VmaTree::carve(Vma* mirror, Interval interval, VmaKind kind, BindFlags flags, Vma** vma) {
    auto carved = make_arena<Vma>(interval, kind, flags);
    if (carved == nullptr) return -ENOMEM;
    carved->in_mirror = true;
    carved->mirror_attr = mirror->attr;
    carved->mirror_flags = mirror->flags;
    if (const int err = split(interval); err != 0) {
        merge(interval);  // the one end that may have been split
        return err;
    }
    remove(find(interval.start));
    *vma = carved.release();
    tree_.insert(**vma);
    return 0;
}

int VmaTree::restore(Vma* carved) {
    const Interval interval = carved->interval;
    auto mirror = make_arena<Vma>(interval, VmaKind::kCpuAddrMirror, carved->mirror_flags);
    if (mirror == nullptr) return -ENOMEM;
    mirror->attr = carved->mirror_attr;
    remove(carved);
    tree_.insert(*mirror.release());
    merge(interval);  // with the neighbours that carve() left, unless they were advised otherwise since
    return 0;
}

int VmaTree::split_at(VirtAddr addr) {
    Vma* vma = find(addr);
    if (vma == nullptr || vma->kind != VmaKind::kCpuAddrMirror || vma->interval.start == addr) return 0;
    auto right = make_arena<Vma>(Interval{addr, vma->interval.end}, VmaKind::kCpuAddrMirror, vma->flags);
    if (right == nullptr) return -ENOMEM;
    right->attr = vma->attr;
    vma->interval.end = addr;  // the key, its start, is unchanged
    tree_.insert(*right.release());
    return 0;
}

int VmaTree::split(Interval interval) {
    if (const int err = split_at(interval.start); err != 0) return err;
    return split_at(interval.end);
}

void VmaTree::merge(Interval interval) {
    const Interval touched{interval.start - 1, interval.end + 1};  // and the neighbours at both ends
    for (Vma* vma = first_in(touched); vma != nullptr;) {
        Vma* after = next(*vma);
        if (after == nullptr || after->interval.start >= touched.end) return;
        const bool mergeable = vma->kind == VmaKind::kCpuAddrMirror && after->kind == VmaKind::kCpuAddrMirror &&
                               vma->interval.end == after->interval.start && vma->flags == after->flags &&
                               vma->attr == after->attr;
        if (mergeable) {
            vma->interval.end = after->interval.end;
            remove(after);
        } else {
            vma = after;
        }
    }
}

void VmaTree::remove(Vma* vma) {
    tree_.erase(tree_.iterator_to(*vma));
    arena_delete(vma);
}

}  // namespace faultline::svm
