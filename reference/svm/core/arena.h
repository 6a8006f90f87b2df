// Memory of the core's own, which is never migrated and never comes from malloc.
//
// The service path (fault workers, event and CPU-fault threads, copy engines, invalidation) may touch only this memory:
// a heap page may be in VRAM, and a thread holding malloc's lock may be waiting for the very fault that is being
// served. The Mm excludes every arena chunk from migration.
//
// Thread safety: all functions are thread safe, and may be called under any other lock (LockRank::kArena is last) and
// before main(). Ownership: ArenaPtr has one owner; the arena itself is never destroyed. Chunks of small blocks are
// never returned to the kernel; large blocks and mappings are.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <memory_resource>
#include <new>
#include <utility>

#include "base/units.h"
#include "reference/svm/core/types.h"

namespace faultline::svm {

/// The process-wide arena. Sizes are rounded to power-of-two classes up to 64 KiB; larger requests get their own
/// mapping. Throws std::bad_alloc only when the kernel refuses memory or a fault is injected; callers turn that into
/// -ENOMEM.
std::pmr::memory_resource& arena();

/// Whole pages from the core: zeroed, page aligned (2 MiB aligned from 2 MiB up), excluded from migration; null when
/// the kernel refuses. `guard_below` leaves an inaccessible page under the mapping, for stacks.
void* arena_map(Bytes size, bool guard_below = false);
void arena_unmap(void* p, Bytes size, bool guard_below = false);

/// True where any part of the interval belongs to the core, in use or not; such memory is never migrated. Lock-free.
bool arena_owns(Interval interval);

/// Friend of classes that only the arena makes and destroys.
struct ArenaAccess {
    template <typename T, typename... Args>
    static T* construct(void* at, Args&&... args) {
        return new (at) T(std::forward<Args>(args)...);
    }
    template <typename T>
    static void destroy(T* object) {
        object->~T();
    }
};

/// `new` and `delete` in the arena, for objects whose owner is no pointer: they count references, or a tree or a list
/// has them. arena_new throws std::bad_alloc as arena() does, or what the constructor throws.
template <typename T, typename... Args>
T* arena_new(Args&&... args) {
    void* p = arena().allocate(sizeof(T), alignof(T));
    try {
        return ArenaAccess::construct<T>(p, std::forward<Args>(args)...);
    } catch (...) {
        arena().deallocate(p, sizeof(T), alignof(T));
        throw;
    }
}
template <typename T>
void arena_delete(T* object) {
    if (object == nullptr) return;
    ArenaAccess::destroy(object);
    arena().deallocate(object, sizeof(T), alignof(T));
}

struct ArenaDelete {
    template <typename T>
    void operator()(T* object) const {
        arena_delete(object);
    }
};

/// Owns one object of the arena. REQUIRES: the object is a T, not of a class derived from it.
template <typename T>
using ArenaPtr = std::unique_ptr<T, ArenaDelete>;

/// An object of the arena and its owner; null where there is no memory, for it or for what its constructor needs.
template <typename T, typename... Args>
ArenaPtr<T> make_arena(Args&&... args) {
    try {
        return ArenaPtr<T>(arena_new<T>(std::forward<Args>(args)...));
    } catch (const std::bad_alloc&) {
        return nullptr;
    }
}

}  // namespace faultline::svm
