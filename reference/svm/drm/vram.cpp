// Blocks of VRAM by buddy, evictable ones in a ring by age, and the rounds of eviction when there is no room.

#include "reference/svm/drm/vram.h"

#include <sched.h>
#include <sys/mman.h>

#include <algorithm>
#include <bit>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <utility>

#include "reference/svm/core/arena.h"
#include "reference/svm/core/fault_injection.h"
#include "reference/svm/core/lock.h"
#include "reference/svm/drm/buddy.h"

#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23
#endif

namespace faultline::svm {
namespace {

unsigned order_of(Bytes size) {
    const std::uint64_t pages = std::max<std::uint64_t>(1, (size.count + kPageSize - 1) >> kPageShift);
    return static_cast<unsigned>(std::bit_width(pages - 1));
}

/// Rounds of the LRU in vain, each with a turn for the other threads, before an allocation gives up: a migration of 2
/// MiB takes about 200 us, a round over busy blocks 1.
constexpr unsigned kRounds = 10'000;

constexpr Bytes size_of(unsigned order) { return {kPageSize << order}; }

}  // namespace

struct Vram::Impl {
    Impl() { lru.lru_prev = lru.lru_next = &lru; }
    ~Impl() {
        if (base != nullptr) arena_unmap(base, size);
    }

    /// REQUIRES: whole blocks of 2 MiB.
    bool init(Bytes bytes) {
        base = static_cast<std::byte*>(arena_map(bytes));
        size = bytes;
        if (base == nullptr) return false;
        // Huge pages make copies faster and are a wish; all pages now is a must: copies would otherwise be charged with
        // the host's first-touch faults.
        madvise(base, size.count, MADV_HUGEPAGE);
        if (madvise(base, size.count, MADV_POPULATE_WRITE) != 0) return false;
        MutexLock held(lock);
        return buddy.init(static_cast<std::uint32_t>(size.count >> kPageShift)) == 0;
    }

    bool try_alloc(unsigned order, VramUser* user, VramBlock* block) FL_REQUIRES(lock) {
        const std::uint32_t page = buddy.alloc(order);
        if (page == Buddy::kNone) return false;
        *block = {.base = base + (std::uint64_t{page} << kPageShift), .size = size_of(order), .user = user};
        if (user != nullptr) lru_push(block);
        return true;
    }

    /// Takes a reference to the user of the least recently used block, which then has its turn last.
    VramUser* next_victim() FL_REQUIRES(lock) {
        for (std::uint32_t left = lru_count; left > 0; --left) {
            VramBlock* block = lru.lru_next;
            lru_remove(block);
            lru_push(block);
            if (block->user->try_get()) return block->user;
        }
        return nullptr;
    }

    void lru_push(VramBlock* block) FL_REQUIRES(lock) {
        block->lru_prev = lru.lru_prev;
        block->lru_next = &lru;
        lru.lru_prev->lru_next = block;
        lru.lru_prev = block;
        ++lru_count;
    }
    void lru_remove(VramBlock* block) FL_REQUIRES(lock) {
        block->lru_prev->lru_next = block->lru_next;
        block->lru_next->lru_prev = block->lru_prev;
        block->lru_prev = block->lru_next = nullptr;
        --lru_count;
    }

    std::byte* base = nullptr;
    Bytes size;
    mutable Mutex lock{LockRank::kLeaf, "vram.lock"};
    Buddy buddy FL_GUARDED_BY(lock);
    VramBlock lru FL_GUARDED_BY(lock);  ///< a ring through this one; the oldest is lru_next
    std::uint32_t lru_count FL_GUARDED_BY(lock) = 0;
    std::uint64_t frees FL_GUARDED_BY(lock) = 0;  ///< blocks freed so far
};

ArenaPtr<Vram> Vram::create(Bytes size, int* err) {
    *err = -ENOMEM;
    size.count &= ~(kSize2M - 1);
    if (size.count == 0 || size >= size_of(Buddy::kOrders)) return nullptr;
    auto impl = make_arena<Impl>();
    if (impl == nullptr || !impl->init(size)) return nullptr;
    auto vram = make_arena<Vram>(std::move(impl));
    if (vram != nullptr) *err = 0;
    return vram;
}

Vram::Vram(ArenaPtr<Impl> impl) : impl_(std::move(impl)) {}
Vram::~Vram() = default;

int Vram::alloc(Bytes size, VramUser* user, bool may_evict, VramBlock* block) {
    if (size.count > impl_->size.count) return -EINVAL;
    const unsigned order = order_of(size);
    if (size_of(order) > impl_->size) return -EINVAL;
    if (should_fail(FailPoint::kVram)) return -ENOMEM;

    // A turn is in vain when the user was busy, or when its block is still there: another thread holds it yet, to evict
    // it, say. As TTM waits for a busy buffer when all are, further rounds are tried before there is nothing to be had;
    // not where every user failed for good, as on a device whose copy engine is dead.
    unsigned rounds = 0;
    bool busy = false;
    for (std::uint32_t in_vain = 0;;) {
        VramUser* victim = nullptr;
        std::uint64_t frees_before = 0;
        {
            MutexLock held(impl_->lock);
            if (impl_->try_alloc(order, user, block)) return 0;
            if (!may_evict || impl_->lru_count == 0 || rounds == kRounds) return -ENOMEM;
            victim = impl_->next_victim();
            frees_before = impl_->frees;
        }
        int err = -EBUSY;  // all are going
        if (victim != nullptr) {
            err = victim->evict();
            victim->put();
        }
        busy |= err == 0 || err == -EBUSY;
        bool round_over = victim == nullptr;
        {
            MutexLock held(impl_->lock);
            if (err == 0 && impl_->frees != frees_before) continue;
            round_over |= ++in_vain >= impl_->lru_count;
        }
        if (!round_over) continue;
        if (!std::exchange(busy, false)) return -ENOMEM;
        in_vain = 0;
        ++rounds;
        sched_yield();
    }
}

void Vram::free(VramBlock* block) {
    MutexLock held(impl_->lock);
    if (block->lru_next != nullptr) impl_->lru_remove(block);
    const auto offset = static_cast<std::uint64_t>(static_cast<std::byte*>(block->base) - impl_->base);
    impl_->buddy.free(static_cast<std::uint32_t>(offset >> kPageShift), order_of(block->size));
    ++impl_->frees;
    *block = {};
}

void Vram::touch(VramBlock* block) {
    MutexLock held(impl_->lock);
    if (block->lru_next == nullptr) return;
    impl_->lru_remove(block);
    impl_->lru_push(block);
}

Bytes Vram::size() const { return impl_->size; }

Bytes Vram::used() const {
    MutexLock held(impl_->lock);
    return impl_->size - Bytes{std::uint64_t{impl_->buddy.free_pages()} << kPageShift};
}

bool Vram::contains(const void* p) const {
    return VirtAddr::of(p) >= VirtAddr::of(impl_->base) &&
           VirtAddr::of(p) - VirtAddr::of(impl_->base) < impl_->size.count;
}

void Vram::check() const {
    const auto require = [](bool holds, const char* what) {
        if (holds) return;
        std::fprintf(stderr, "Vram::check: %s\n", what);
        std::abort();
    };
    MutexLock held(impl_->lock);
    require(impl_->buddy.consistent(), "the free lists do not agree with the page table");
    std::uint32_t count = 0;
    Bytes sum{std::uint64_t{impl_->buddy.free_pages()} << kPageShift};
    for (const VramBlock* block = impl_->lru.lru_next; block != &impl_->lru; block = block->lru_next, ++count) {
        require(block->lru_next->lru_prev == block, "the LRU's links do not agree");
        require(block->user != nullptr && contains(block->base), "a block in the LRU is pinned or elsewhere");
        sum = sum + block->size;
    }
    require(count == impl_->lru_count, "the LRU's length is not its count");
    require(sum <= impl_->size, "free and evictable memory exceed the VRAM");
}

}  // namespace faultline::svm
