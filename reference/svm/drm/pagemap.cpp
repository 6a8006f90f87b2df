// The life of a pagemap and of its allocations; migrations are migrate_to_devmem.cpp's and migrate_to_ram.cpp's.

#include "reference/svm/drm/pagemap.h"

#include <sched.h>

#include <cerrno>

#include "reference/svm/core/arena.h"
#include "reference/svm/drm/zdd.h"

namespace faultline::svm {

Pagemap::~Pagemap() {
    Mm& mm = *config_.mm;
    mm.adopt_this_thread();
    mm.evict_everywhere({.pagemap = this});
    // What was unmapped is freed by the event thread, and a CPU-fault worker drops its reference after its page came
    // back.
    mm.sync();
    // Acquire: pairs with zdd_freed().
    while (zdds_.load(std::memory_order_acquire) != 0) sched_yield();
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

Ref<Zdd> Pagemap::zdd_alloc(Interval interval, int* err) {
    Ref<Zdd> zdd = adopt(make_arena<Zdd>(*this, interval).release());
    *err = -ENOMEM;
    if (zdd == nullptr) return {};
    // Relaxed: the pagemap is not destroyed before this migration has ended.
    zdds_.fetch_add(1, std::memory_order_relaxed);
    *err = zdd->alloc_vram();
    return *err == 0 ? zdd : Ref<Zdd>();
}

bool Pagemap::may_leave(const DeviceFolio& folio) const {
    // Relaxed: written before the first page was known, under its block's lock.
    return clock().now().count() >= to_zdd(folio).expiration.load(std::memory_order_relaxed);
}

}  // namespace faultline::svm
