// One reservation of address space holds all memory of the core, so that arena_owns() is two comparisons, and so that
// the kernel never merges a mapping of the core with one of the user's. Inside it extents are made accessible and
// inaccessible again; size classes carve 1 MiB chunks. Everything here is constant-initialised and never destroyed: the
// arena serves before main() and after static destruction.
#include "reference/svm/core/arena.h"

#include <sanitizer/asan_interface.h>
#include <sys/mman.h>

#include <array>
#include <atomic>
#include <bit>
#include <cstring>

#include "reference/svm/core/fault_injection.h"
#include "reference/svm/core/lock.h"

namespace faultline::svm {
namespace {

constexpr std::uint64_t kReservation = 256ull << 30;  // leaves ThreadSanitizer's 1.5 TiB of mappings room for ASLR
constexpr std::uint64_t kSmallestReservation = 1ull << 30;
constexpr std::uint64_t kChunkSize = 1ull << 20;
constexpr std::size_t kSmallestBlock = 16;
constexpr std::size_t kLargestBlock = 64 << 10;
constexpr std::size_t kClasses = std::countr_zero(kLargestBlock) - std::countr_zero(kSmallestBlock) + 1;
// Two free extents are apart, so each costs the kernel a mapping of its own, and it allows 65,530 (vm.max_map_count).
constexpr std::size_t kMaxFreeExtents = 64 << 10;

void* map_inaccessible(void* at, std::uint64_t size, int flags) {
    void* p = mmap(at, size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | flags, -1, 0);
    return p == MAP_FAILED ? nullptr : p;
}

bool make_accessible(VirtAddr at, std::uint64_t size) { return mprotect(at.ptr(), size, PROT_READ | PROT_WRITE) == 0; }

/// The reservation, and which extents of it are free: a sorted array, first fit, at the reservation's start.
class AddressSpace {
public:
    /// Accessible zeroed memory, or address 0. REQUIRES: sizes and alignment in whole pages.
    VirtAddr map(std::uint64_t size, std::uint64_t alignment, std::uint64_t guard) {
        const Interval extent = take(size, alignment, guard);
        if (extent.empty()) return {};
        if (make_accessible(extent.start + guard, size)) return extent.start + guard;
        give_back(extent);
        return {};
    }

    void unmap(VirtAddr start, std::uint64_t size, std::uint64_t guard) {
        // A fresh mapping on top also forgets what madvise() was told. Where the kernel has no mapping left to split,
        // the memory goes back all the same and only its addresses are lost.
        if (map_inaccessible(start.ptr(), size, MAP_FIXED) != nullptr)
            give_back({start - guard, start + size});
        else
            madvise(start.ptr(), size, MADV_DONTNEED);
    }

    bool owns(Interval interval) const {
        // end_ is written last and read first: a reservation that is half made owns nothing.
        return interval.start.value < end_.load(std::memory_order_acquire) &&
               start_.load(std::memory_order_acquire) < interval.end.value;
    }

private:
    Interval take(std::uint64_t size, std::uint64_t alignment, std::uint64_t guard) FL_EXCLUDES(lock_) {
        MutexLock held(lock_);
        if (free_ == nullptr && !reserve()) return {};
        for (std::size_t i = 0; i < free_count_; ++i) {
            const Interval hole = free_[i];
            if (hole.size() < size + guard) continue;
            const Interval extent{(hole.start + guard).align_up(alignment) - guard,
                                  (hole.start + guard).align_up(alignment) + size};
            if (!hole.contains(extent)) continue;
            const Interval before{hole.start, extent.start};
            const Interval after{extent.end, hole.end};
            if (!before.empty() && !after.empty()) {
                if (free_count_ == kMaxFreeExtents) continue;
                free_[i] = before;
                insert(i + 1, after);
            } else if (before.empty() && after.empty()) {
                erase(i);
            } else {
                free_[i] = before.empty() ? after : before;
            }
            return extent;
        }
        return {};
    }

    void give_back(Interval extent) FL_EXCLUDES(lock_) {
        MutexLock held(lock_);
        const std::size_t i = std::lower_bound(free_, free_ + free_count_, extent,
                                               [](const Interval& a, const Interval& b) { return a.start < b.start; }) -
                              free_;
        const bool joins_left = i > 0 && free_[i - 1].end == extent.start;
        const bool joins_right = i < free_count_ && extent.end == free_[i].start;
        if (joins_left && joins_right) {
            free_[i - 1].end = free_[i].end;
            erase(i);
        } else if (joins_left) {
            free_[i - 1].end = extent.end;
        } else if (joins_right) {
            free_[i].start = extent.start;
        } else if (free_count_ < kMaxFreeExtents) {
            insert(i, extent);
        }
    }

    /// Takes the address space, as much of it as the process's limits allow.
    bool reserve() FL_REQUIRES(lock_) {
        std::uint64_t size = kReservation;
        void* p = map_inaccessible(nullptr, size, 0);
        while (p == nullptr && size > kSmallestReservation) p = map_inaccessible(nullptr, size /= 2, 0);
        if (p == nullptr) return false;
        const VirtAddr base = VirtAddr::of(p);
        // The first and the last page stay inaccessible: a wall between our mappings and the neighbours'.
        const VirtAddr table = base + kPageSize;
        constexpr std::uint64_t kTableSize = kMaxFreeExtents * sizeof(Interval);
        if (!make_accessible(table, kTableSize)) {
            munmap(p, size);
            return false;
        }
        free_ = table.ptr<Interval>();
        free_[0] = {table + kTableSize, base + size - kPageSize};
        free_count_ = 1;
        start_.store(base.value, std::memory_order_release);
        end_.store((base + size).value, std::memory_order_release);
        return true;
    }

    void insert(std::size_t i, Interval extent) FL_REQUIRES(lock_) {
        std::memmove(free_ + i + 1, free_ + i, (free_count_ - i) * sizeof(Interval));
        free_[i] = extent;
        ++free_count_;
    }
    void erase(std::size_t i) FL_REQUIRES(lock_) {
        --free_count_;
        std::memmove(free_ + i, free_ + i + 1, (free_count_ - i) * sizeof(Interval));
    }

    Mutex lock_{LockRank::kArena, "arena.extents"};
    Interval* free_ FL_GUARDED_BY(lock_) = nullptr;
    std::size_t free_count_ FL_GUARDED_BY(lock_) = 0;
    std::atomic<std::uint64_t> start_{~0ull};
    std::atomic<std::uint64_t> end_{0};
};

constinit AddressSpace address_space;

/// Blocks of power-of-two sizes. Each class carves chunks of its own, so blocks are aligned to their size.
class Arena final : public std::pmr::memory_resource {
public:
    constexpr Arena() = default;

private:
    struct FreeBlock {
        FreeBlock* next;
    };
    struct SizeClass {
        FreeBlock* free = nullptr;
        std::byte* next = nullptr;  // [next, end): the rest of the newest chunk
        std::byte* end = nullptr;
    };

    void* do_allocate(std::size_t bytes, std::size_t alignment) override {
        if (should_fail(FailPoint::kArena)) throw std::bad_alloc();
        void* p = nullptr;
        if (std::max(bytes, alignment) > kLargestBlock) {
            if (bytes <= kReservation)
                p = address_space.map(large_size(bytes), std::max<std::uint64_t>(alignment, kPageSize), 0).ptr();
        } else {
            p = allocate_block(class_of(bytes, alignment));
        }
        if (p == nullptr) throw std::bad_alloc();
        return p;
    }

    void do_deallocate(void* p, std::size_t bytes, std::size_t alignment) override {
        if (std::max(bytes, alignment) > kLargestBlock) {
            address_space.unmap(VirtAddr::of(p), large_size(bytes), 0);
            return;
        }
        const std::size_t c = class_of(bytes, alignment);
        ASAN_POISON_MEMORY_REGION(static_cast<std::byte*>(p) + sizeof(FreeBlock), block_size(c) - sizeof(FreeBlock));
        MutexLock held(lock_);
        classes_[c].free = new (p) FreeBlock{classes_[c].free};
    }

    bool do_is_equal(const std::pmr::memory_resource& other) const noexcept override { return this == &other; }

    void* allocate_block(std::size_t c) FL_EXCLUDES(lock_) {
        void* p = pop(c);
        if (p == nullptr) {
            const VirtAddr chunk = address_space.map(kChunkSize, kLargestBlock, 0);
            if (chunk.value == 0) return nullptr;
            p = add_chunk(c, chunk.ptr<std::byte>());
        }
        ASAN_UNPOISON_MEMORY_REGION(p, block_size(c));
        return p;
    }

    void* pop(std::size_t c) FL_EXCLUDES(lock_) {
        MutexLock held(lock_);
        SizeClass& size_class = classes_[c];
        if (FreeBlock* block = size_class.free) {
            size_class.free = block->next;
            return block;
        }
        if (size_class.next == size_class.end) return nullptr;
        return std::exchange(size_class.next, size_class.next + block_size(c));
    }

    /// Returns the chunk's first block and keeps the rest. Where another thread brought a chunk meanwhile, what is left
    /// of that one joins the free list.
    void* add_chunk(std::size_t c, std::byte* chunk) FL_EXCLUDES(lock_) {
        MutexLock held(lock_);
        SizeClass& size_class = classes_[c];
        for (std::byte* p = size_class.next; p != size_class.end; p += block_size(c))
            size_class.free = new (p) FreeBlock{size_class.free};
        size_class.next = chunk + block_size(c);
        size_class.end = chunk + kChunkSize;
        return chunk;
    }

    static constexpr std::size_t block_size(std::size_t c) { return kSmallestBlock << c; }
    static constexpr std::size_t class_of(std::size_t bytes, std::size_t alignment) {
        const std::size_t size = std::bit_ceil(std::max({bytes, alignment, kSmallestBlock}));
        return static_cast<std::size_t>(std::countr_zero(size) - std::countr_zero(kSmallestBlock));
    }
    static constexpr std::uint64_t large_size(std::size_t bytes) {
        return (std::max<std::uint64_t>(bytes, 1) + kPageSize - 1) & ~(kPageSize - 1);
    }

    Mutex lock_{LockRank::kArena, "arena.blocks"};
    std::array<SizeClass, kClasses> classes_ FL_GUARDED_BY(lock_);
};

/// Keeps the arena from being destroyed at exit.
union Immortal {
    constexpr Immortal() : arena() {}
    ~Immortal() {}  // NOLINT(modernize-use-equals-default): defaulted, it would be deleted
    Arena arena;
};
constinit Immortal immortal;

constexpr std::uint64_t guard_size(bool guard_below) { return guard_below ? kPageSize : 0; }
constexpr std::uint64_t page_aligned(Bytes size) { return (size.count + kPageSize - 1) & ~(kPageSize - 1); }

}  // namespace

std::pmr::memory_resource& arena() { return immortal.arena; }

void* arena_map(Bytes size, bool guard_below) {
    if (size.count == 0 || size.count > kReservation || should_fail(FailPoint::kArena)) return nullptr;
    const std::uint64_t alignment = size.count >= kSize2M ? kSize2M : kPageSize;
    return address_space.map(page_aligned(size), alignment, guard_size(guard_below)).ptr();
}

void arena_unmap(void* p, Bytes size, bool guard_below) {
    if (p == nullptr) return;
    address_space.unmap(VirtAddr::of(p), page_aligned(size), guard_size(guard_below));
}

bool arena_owns(Interval interval) { return address_space.owns(interval); }

}  // namespace faultline::svm
