// A buffer between VRAM and system memory: validated by binds and faults, evicted by a thread that needs its VRAM.

#include "reference/svm/xe/bo.h"

#include <cerrno>

#include "reference/svm/core/arena.h"
#include "reference/svm/core/ref.h"

namespace faultline::svm {

Bo* Bo::create(Tile& tile, Bytes size, int* err) {
    const Ref<Bo> bo = adopt(make_arena<Bo>(tile, size).release());
    *err = -ENOMEM;
    if (bo == nullptr) return nullptr;
    {
        MutexLock guard(bo->lock);
        *err = bo->validate();
    }
    if (*err != 0) return nullptr;
    bo->get();  // the caller's
    return bo.get();
}

// Relaxed: the caller has a reference already.
void Bo::get() { refs_.fetch_add(1, std::memory_order_relaxed); }

bool Bo::try_get() {
    // As DeviceFolio::try_get(): the VRAM's LRU finds a buffer without a reference to it.
    unsigned count = refs_.load(std::memory_order_relaxed);
    while (count != 0)
        if (refs_.compare_exchange_weak(count, count + 1, std::memory_order_acq_rel)) return true;
    return false;
}

void Bo::put() {
    // Release and acquire: the last holder frees what the others have left. Without a reference no other thread can
    // take the lock; it is taken for the analysis.
    if (refs_.fetch_sub(1, std::memory_order_acq_rel) != 1) return;
    {
        MutexLock guard(lock);
        arena_unmap(system_, size_);
        if (block_.base != nullptr) tile_.vram().free(&block_);
    }
    arena_delete(this);
}

int Bo::validate() {
    if (block_.base != nullptr) {
        tile_.vram().touch(&block_);
        return 0;
    }
    // Making room evicts others; one that is locked, as this one is, refuses.
    if (const int err = tile_.vram().alloc(size_, this, /*may_evict=*/true, &block_); err != 0) return err;
    if (system_ == nullptr) return 0;
    const CopyJob back{block_.base, system_, size_};
    if (const int err = tile_.copy_engine().copy({&back, 1}); err != 0) {
        tile_.vram().free(&block_);
        return err;
    }
    arena_unmap(system_, size_);
    system_ = nullptr;
    return 0;
}

int Bo::evict() {
    // Not waited for: the thread that makes room may hold the lock of another buffer, whose evictor waits for this one.
    if (!lock.try_lock()) return -EBUSY;
    int err = 0;
    if (pins_ != 0 || block_.base == nullptr) err = -EBUSY;
    if (err == 0) {
        system_ = static_cast<std::byte*>(arena_map(size_));
        if (system_ == nullptr) err = -ENOMEM;
    }
    if (err == 0) {
        // Before the copy, so that nothing is written to the old place after it.
        for (BoMapping& mapping : mappings_) mapping.invalidate();
        const CopyJob out{system_, block_.base, size_};
        err = tile_.copy_engine().copy({&out, 1});
        if (err == 0) {
            tile_.vram().free(&block_);
        } else {
            // Still whole in VRAM; the next fault binds it again.
            arena_unmap(system_, size_);
            system_ = nullptr;
        }
    }
    lock.unlock();
    return err;
}

std::byte* Bo::pin(int* err) {
    MutexLock guard(lock);
    *err = validate();
    if (*err != 0) return nullptr;
    ++pins_;
    return vram();
}

void Bo::unpin() {
    MutexLock guard(lock);
    --pins_;
}

bool Bo::in_vram() {
    MutexLock guard(lock);
    return block_.base != nullptr;
}

void Bo::add_mapping(BoMapping& mapping) {
    mappings_.push_back(mapping);
    get();
}

void Bo::remove_mapping(BoMapping& mapping) {
    {
        // An eviction that invalidates the mapping holds the lock: after this none does, and it may be destroyed.
        MutexLock guard(lock);
        mappings_.erase(mappings_.iterator_to(mapping));
    }
    put();  // not under the lock, which goes with the last reference
}

}  // namespace faultline::svm
