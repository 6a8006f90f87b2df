#include "reference/svm/drm/pagemap.h"

#include <sched.h>

#include <cerrno>
#include <new>

#include "reference/svm/core/arena.h"
#include "reference/svm/drm/zdd.h"

namespace faultline::svm {

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
    mm.evict_everywhere({.pagemap = pagemap});
    // What was unmapped is freed by the event thread, and a CPU-fault worker drops its reference after its page came
    // back.
    mm.sync();
    while (pagemap->zdds_.load(std::memory_order_acquire) != 0) sched_yield();
    arena_delete(pagemap);
}

int Pagemap::populate_mm(Interval interval, Nanoseconds timeslice) {
    return migrator_.to_devmem(*this, interval, timeslice);
}

int Pagemap::evict_to_ram(const Zdd& zdd) {
    Mm& mm = *config_.mm;
    const DeviceFolioFilter which{.folio = &zdd};
    constexpr int kTries = 3;
    int err = 0;
    for (int i = 0; i < kTries && zdd.mapcount() != 0; ++i) err = mm.evict(zdd.home, which);
    if (zdd.mapcount() != 0) err = mm.evict_everywhere(which);  // mremap took some of it elsewhere
    if (zdd.mapcount() == 0) return 0;
    return err != 0 ? err : -EBUSY;
}

Zdd* Pagemap::zdd_alloc(Interval interval, int* err) {
    Zdd* zdd = nullptr;
    try {
        zdd = arena_new<Zdd>(*this, interval);
        // Relaxed: destroy() is not called before this migration has ended.
        zdds_.fetch_add(1, std::memory_order_relaxed);
    } catch (const std::bad_alloc&) {
        *err = -ENOMEM;
        return nullptr;
    }
    *err = zdd->alloc_vram();
    if (*err == 0) return zdd;
    zdd->put();
    return nullptr;
}

bool Pagemap::may_leave(const DeviceFolio& folio) const {
    // Relaxed: written before the first page was known, under its block's lock.
    return clock().now().count() >= to_zdd(folio).expiration.load(std::memory_order_relaxed);
}

}  // namespace faultline::svm
