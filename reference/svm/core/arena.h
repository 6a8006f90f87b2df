// Memory of the core's own, which is never migrated and never comes from malloc.
//
// The service path (fault workers, event and CPU-fault threads, copy engines, invalidation) may touch only this memory:
// a heap page may be in VRAM, and a thread holding malloc's lock may be waiting for the very fault that is being
// served. The Mm excludes every arena chunk from migration.
//
// Thread safety: all functions are thread safe, and may be called under any other lock (LockRank::kArena is last) and
// before main(). Chunks of small blocks are never returned to the kernel; large blocks and mappings are. Ownership:
// whoever allocates deallocates; the arena is never destroyed.
#pragma once

#include <cstddef>
#include <cstdint>
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

/// `new` and `delete` in the arena. arena_new throws std::bad_alloc as arena() does.
template <typename T, typename... Args>
T* arena_new(Args&&... args) {
    void* p = arena().allocate(sizeof(T), alignof(T));
    return new (p) T(std::forward<Args>(args)...);
}
template <typename T>
void arena_delete(T* object) {
    if (object == nullptr) return;
    object->~T();
    arena().deallocate(object, sizeof(T), alignof(T));
}

}  // namespace faultline::svm
