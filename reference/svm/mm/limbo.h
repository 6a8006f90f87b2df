// Limbo: address space of the core's own in which pages stand while they are in no process-visible place.
//
// Migration to a device moves the user's pages here (no copy) and copies from here to VRAM; the way back copies from
// VRAM into populated pages of limbo and moves those to the user. So a unit is either empty (a destination) or
// populated (a source). Units come in three sizes; a 2 MiB unit that only ever held a huge page has no page table and
// takes or gives one whole: 3 us, where splitting it takes 350 us and moving 512 small pages 25-50 us.
//
// Thread safety: all functions from any thread. Ownership: the caller that takes a unit gives it back, in the state it
// then has.
#pragma once

#include <array>
#include <atomic>
#include <memory_resource>
#include <vector>

#include "reference/svm/core/arena.h"
#include "reference/svm/core/bell.h"
#include "reference/svm/core/lock.h"
#include "reference/svm/core/service_thread.h"
#include "reference/svm/core/types.h"
#include "reference/svm/mm/uffd.h"

namespace faultline::svm {

enum class LimboKind : std::uint8_t { k4K, k64K, k2M, kHuge, kCount };

constexpr std::uint64_t limbo_size(LimboKind kind) {
    return kind == LimboKind::k4K ? kPageSize : kind == LimboKind::k64K ? kSize64K : kSize2M;
}
/// The kind of unit for an aligned run of that many bytes: 2M, 64K or 4K.
constexpr LimboKind limbo_kind(std::uint64_t size, bool huge) {
    return size == kPageSize  ? LimboKind::k4K
           : size == kSize64K ? LimboKind::k64K
           : huge             ? LimboKind::kHuge
                              : LimboKind::k2M;
}

/// One piece of limbo: `limbo_size(kind)` bytes from `start` on.
struct LimboUnit {
    LimboKind kind = LimboKind::k4K;
    VirtAddr start;
};

class Limbo {
public:
    /// Populated units beyond `cache` bytes are freed to the kernel.
    Limbo(const Uffd& uffd, Bytes cache);
    /// Starts the thread that frees pages, off the path of migrations: 75 us for 2 MiB of small pages, where the
    /// copy takes 165. 0 or -errno; -ENOSYS: the kernel can neither move pages nor remap them (before Linux 5.7).
    int start();
    ~Limbo();
    Limbo(const Limbo&) = delete;
    Limbo& operator=(const Limbo&) = delete;

    /// An empty unit, a destination. 0 or -ENOMEM.
    int take_empty(LimboKind kind, LimboUnit* unit);
    /// A unit with all pages present; their contents are anything. 0 or -ENOMEM.
    int take_populated(LimboKind kind, LimboUnit* unit);
    void give_empty(const LimboUnit& unit);
    /// REQUIRES: every page of the unit is present.
    void give_populated(const LimboUnit& unit);
    /// Any state: what is there is freed soon.
    void give_discarded(const LimboUnit& unit);

private:
    static constexpr unsigned kKinds = static_cast<unsigned>(LimboKind::kCount);
    struct Pool {
        std::pmr::vector<VirtAddr> empty{&arena()};
        std::pmr::vector<VirtAddr> populated{&arena()};
        std::size_t units = 0;  ///< of this kind in all
    };

    Pool& pool(LimboKind kind) FL_REQUIRES(lock_) { return pools_[static_cast<unsigned>(kind)]; }
    int try_remap();
    void free_later(const LimboUnit& unit);
    /// Frees the pages of the unit, which is empty then.
    void discard(const LimboUnit& unit);
    void collect();
    /// Cuts fresh address space into empty units of that kind.
    int grow(LimboKind kind);

    const Uffd& uffd_;
    const Bytes cache_;
    Interval space_;
    Mutex lock_{LockRank::kLeaf, "mm.limbo"};
    VirtAddr next_ FL_GUARDED_BY(lock_);
    std::array<Pool, kKinds> pools_ FL_GUARDED_BY(lock_);
    std::size_t units_ FL_GUARDED_BY(lock_) = 0;
    Bytes populated_ FL_GUARDED_BY(lock_);
    std::pmr::vector<LimboUnit> garbage_ FL_GUARDED_BY(lock_);  ///< populated, and nobody wants the pages
    Bytes garbage_size_ FL_GUARDED_BY(lock_);

    Bell bell_;
    std::atomic<bool> stop_{false};
    ServiceThread collector_;
};

}  // namespace faultline::svm
