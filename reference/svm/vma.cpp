#include "reference/svm/vma.h"

#include <cerrno>
#include <new>

#include "reference/svm/arena.h"

namespace faultline::svm {

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

int VmaTree::insert(Interval interval, VmaKind kind, Vma** vma) {
    if (first_in(interval) != nullptr) return -EINVAL;
    try {
        *vma = arena_new<Vma>(interval, kind);
    } catch (const std::bad_alloc&) {
        return -ENOMEM;
    }
    tree_.insert(**vma);
    return 0;
}

int VmaTree::carve(Vma* mirror, Interval interval, VmaKind kind, Vma** vma) {
    const Interval whole = mirror->interval;
    Vma* right = nullptr;
    Vma* middle = nullptr;
    try {
        if (interval.end < whole.end)
            right = arena_new<Vma>(Interval{interval.end, whole.end}, VmaKind::kCpuAddrMirror);
        middle = arena_new<Vma>(interval, kind);
    } catch (const std::bad_alloc&) {
        arena_delete(right);
        return -ENOMEM;
    }
    if (whole.start < interval.start)
        mirror->interval.end = interval.start;  // the key, its start, is unchanged
    else
        remove(mirror);
    middle->in_mirror = true;
    tree_.insert(*middle);
    if (right != nullptr) tree_.insert(*right);
    *vma = middle;
    return 0;
}

void VmaTree::restore(Vma* carved) {
    Interval whole = carved->interval;
    auto it = tree_.iterator_to(*carved);
    if (auto after = std::next(it);
        after != tree_.end() && after->kind == VmaKind::kCpuAddrMirror && after->interval.start == whole.end) {
        whole.end = after->interval.end;
        remove(&*after);
    }
    if (it != tree_.begin()) {
        auto before = std::prev(it);
        if (before->kind == VmaKind::kCpuAddrMirror && before->interval.end == whole.start) {
            before->interval.end = whole.end;
            remove(carved);
            return;
        }
    }
    carved->interval.end = whole.end;
    carved->kind = VmaKind::kCpuAddrMirror;
    carved->in_mirror = false;
    carved->physical = nullptr;
}

void VmaTree::remove(Vma* vma) {
    tree_.erase(tree_.iterator_to(*vma));
    arena_delete(vma);
}

}  // namespace faultline::svm
