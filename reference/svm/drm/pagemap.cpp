#include "reference/svm/drm/pagemap.h"

#include <sched.h>

#include <cerrno>
#include <new>

#include "reference/svm/core/arena.h"
#include "reference/svm/drm/zdd.h"
#include "reference/svm/mm/mm_impl.h"

namespace faultline::svm {

// --- Zdd
// ---------------------------------------------------------------------------------------------------------------

bool Zdd::try_get() {
    unsigned count = refs.load(std::memory_order_relaxed);
    while (count != 0)
        if (refs.compare_exchange_weak(count, count + 1, std::memory_order_acq_rel)) return true;
    return false;
}

void Zdd::put() {
    if (refs.fetch_sub(1, std::memory_order_acq_rel) != 1) return;
    Pagemap& owner = pagemap;
    if (block.base != nullptr) owner.vram().free(&block);
    arena_delete(this);
    owner.zdd_freed();
}

void zdd_pages_come(Zdd* zdd, unsigned count) {
    zdd->refs.fetch_add(count, std::memory_order_relaxed);
    zdd->pages.fetch_add(count, std::memory_order_relaxed);
}

void zdd_pages_gone(Zdd* zdd, unsigned count) {
    zdd->pages.fetch_sub(count, std::memory_order_relaxed);
    zdd->refs.fetch_sub(count - 1, std::memory_order_acq_rel);
    zdd->put();
}

Pagemap& zdd_pagemap(const Zdd& zdd) { return zdd.pagemap; }

// --- Pagemap
// -----------------------------------------------------------------------------------------------------------

Pagemap* Pagemap::create(const PagemapConfig& config, int* err) {
    *err = 0;
    try {
        return arena_new<Pagemap>(config);
    } catch (const std::bad_alloc&) {
        *err = -ENOMEM;
        return nullptr;
    }
}

void Pagemap::destroy(Pagemap* pagemap) {
    Mm& mm = *pagemap->config_.mm;
    mm.adopt_this_thread();
    mm.impl().evict_everywhere({.pagemap = pagemap});
    // What was unmapped is freed by the event thread, and a CPU-fault worker drops its reference after its page came
    // back.
    mm.sync();
    while (pagemap->zdds_.load(std::memory_order_acquire) != 0) sched_yield();
    arena_delete(pagemap);
}

int Pagemap::populate_mm(Interval interval, Nanoseconds timeslice) {
    return config_.mm->impl().migrate_to_devmem(*this, interval, timeslice);
}

int Pagemap::evict_to_ram(Zdd* zdd) {
    Mm::Impl& mm = config_.mm->impl();
    constexpr int kTries = 3;
    int err = 0;
    for (int i = 0; i < kTries && zdd->pages.load() != 0; ++i) err = mm.evict(zdd->home, {.zdd = zdd});
    if (zdd->pages.load() != 0) err = mm.evict_everywhere({.zdd = zdd});  // mremap took some of it elsewhere
    if (zdd->pages.load() == 0) return 0;
    return err != 0 ? err : -EBUSY;
}

Zdd* Pagemap::zdd_alloc(Interval interval, int* err) {
    Zdd* zdd = nullptr;
    try {
        zdd = arena_new<Zdd>(*this, interval);
        zdds_.fetch_add(1, std::memory_order_relaxed);
    } catch (const std::bad_alloc&) {
        *err = -ENOMEM;
        return nullptr;
    }
    *err = config_.vram->alloc({interval.size()}, zdd, /*may_evict=*/true, &zdd->block);
    if (*err == 0) return zdd;
    zdd->block.base = nullptr;
    zdd->put();
    return nullptr;
}

bool Pagemap::timeslice_over(const Zdd& zdd) const {
    return config_.clock->now().count() >= zdd.expiration.load(std::memory_order_relaxed);
}

}  // namespace faultline::svm
