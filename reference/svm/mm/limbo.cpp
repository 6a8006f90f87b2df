// Units are cut out of one reservation, 2 MiB at a time, and used again; one thread frees the pages that are left.

#include "reference/svm/mm/limbo.h"

#include <sched.h>
#include <sys/mman.h>

#include <cerrno>
#include <new>

#include "reference/svm/core/arena.h"

namespace faultline::svm {
namespace {

constexpr int page_advice(LimboKind kind) { return kind == LimboKind::kHuge ? MADV_HUGEPAGE : MADV_NOHUGEPAGE; }

Interval interval_of(const LimboUnit& unit) { return {unit.start, unit.start + limbo_size(unit.kind)}; }

// Address space only; pages come from the user or from take_populated(). Units are reused, so this bounds only what
// is under way at one moment.
constexpr Bytes kSpace{8ull << 30};

}  // namespace

Limbo::Limbo(const Uffd& uffd, Bytes cache) : uffd_(uffd), cache_(cache), garbage_(&arena()) {
    void* space = arena_map(kSpace);
    if (space == nullptr) throw std::bad_alloc();
    space_ = {VirtAddr::of(space), VirtAddr::of(space) + kSpace.count};
    next_ = space_.start;
}

int Limbo::start() {
    if (!uffd_.has_move())
        if (const int err = try_remap(); err != 0) return err;
    return collector_.start(
        "faultline-free", [](void* self) { static_cast<Limbo*>(self)->collect(); }, this);
}

int Limbo::try_remap() {
    LimboUnit units[2];
    for (LimboUnit& unit : units)
        if (const int err = take_empty(LimboKind::k4K, &unit); err != 0) return err;
    const int err = uffd_.remap(units[0].start, {units[1].start, units[1].start + kPageSize});
    for (const LimboUnit& unit : units) discard(unit);
    return err == -ENOENT ? -ENOSYS : err;
}

Limbo::~Limbo() {
    stop_.store(true, std::memory_order_release);  // garbage that is left goes with the reservation
    bell_.ring();
    collector_.join();
    uffd_.unregister({space_.start, next_});
    arena_unmap(space_.start.ptr(), kSpace);
}

int Limbo::grow(LimboKind kind) {
    VirtAddr fresh;
    {
        MutexLock guard(lock_);
        if (next_ == space_.end) return -ENOMEM;
        fresh = next_;
        next_ = next_ + kSize2M;
    }
    ::madvise(fresh.ptr(), kSize2M, page_advice(kind));
    // Where pages cannot be moved, units are ordinary memory: mapped over on the way to a device, copied from on the
    // way back.
    if (uffd_.has_move())
        if (const int err = uffd_.register_missing({fresh, fresh + kSize2M}); err != 0) return err;
    MutexLock guard(lock_);
    try {
        // Room for every unit in each list, so that giving one back needs no memory.
        units_ += kSize2M / limbo_size(kind);
        Pool& grown = pool(kind);
        grown.units += kSize2M / limbo_size(kind);
        grown.empty.reserve(grown.units);
        grown.populated.reserve(grown.units);
        garbage_.reserve(units_);
    } catch (const std::bad_alloc&) {
        return -ENOMEM;  // the address space is lost, the counts only make for more room
    }
    for (std::uint64_t offset = 0; offset < kSize2M; offset += limbo_size(kind))
        pool(kind).empty.push_back(fresh + offset);
    return 0;
}

int Limbo::take_empty(LimboKind kind, LimboUnit* unit) {
    for (;;) {
        {
            MutexLock guard(lock_);
            auto& empty = pool(kind).empty;
            if (!empty.empty()) {
                *unit = {kind, empty.back()};
                empty.pop_back();
                return 0;
            }
        }
        if (const int err = grow(kind); err != 0) return err;
    }
}

int Limbo::take_populated(LimboKind kind, LimboUnit* unit) {
    {
        MutexLock guard(lock_);
        auto& populated = pool(kind).populated;
        if (!populated.empty()) {
            *unit = {kind, populated.back()};
            populated.pop_back();
            populated_ = populated_ - Bytes{limbo_size(kind)};
            return 0;
        }
    }
    int err = take_empty(kind, unit);
    if (err != 0 || !uffd_.has_move()) return err;
    const Interval interval = interval_of(*unit);
    if (kind == LimboKind::kHuge) {
        // A huge page comes only from an ordinary fault, which a registered VMA does not take.
        err = uffd_.unregister(interval);
        if (err == 0 && ::madvise(interval.start.ptr(), kSize2M, MADV_POPULATE_WRITE) != 0) err = -errno;
        if (const int again = uffd_.register_missing(interval); err == 0) err = again;
    } else {
        // An event is unread, of any mapping: the reader needs no lock that is held here, so it will be read.
        while ((err = uffd_.fill_zero(interval)) == -EAGAIN) sched_yield();
    }
    if (err != 0) give_discarded(*unit);
    return err;
}

void Limbo::give_empty(const LimboUnit& unit) {
    MutexLock guard(lock_);
    pool(unit.kind).empty.push_back(unit.start);
}

void Limbo::give_populated(const LimboUnit& unit) {
    const Bytes size{limbo_size(unit.kind)};
    {
        MutexLock guard(lock_);
        if (populated_ + size <= cache_) {
            populated_ = populated_ + size;
            pool(unit.kind).populated.push_back(unit.start);
            return;
        }
    }
    free_later(unit);
}

void Limbo::give_discarded(const LimboUnit& unit) { free_later(unit); }

void Limbo::free_later(const LimboUnit& unit) {
    const Bytes size{limbo_size(unit.kind)};
    bool later = false;
    {
        // A collector that falls behind must not let the process grow.
        MutexLock guard(lock_);
        later = garbage_size_ + size <= cache_;
        if (later) {
            garbage_.push_back(unit);
            garbage_size_ = garbage_size_ + size;
        }
    }
    if (later)
        bell_.ring();
    else
        discard(unit);
}

void Limbo::discard(const LimboUnit& unit) {
    const Interval interval = interval_of(unit);
    if (uffd_.has_move()) {
        // Unregistered meanwhile: the discard of a registered range waits for the reader of its event, 20-240 us.
        uffd_.unregister(interval);
        ::madvise(interval.start.ptr(), interval.size(), MADV_DONTNEED);
        uffd_.register_missing(interval);
    } else {
        // A mapping of the user's came with the pages, and goes with them.
        constexpr int kFlags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED;
        if (::mmap(interval.start.ptr(), interval.size(), PROT_READ | PROT_WRITE, kFlags, -1, 0) == MAP_FAILED)
            ::madvise(interval.start.ptr(), interval.size(), MADV_DONTNEED);
        ::madvise(interval.start.ptr(), interval.size(), page_advice(unit.kind));
    }
    give_empty(unit);
}

void Limbo::collect() {
    for (;;) {
        const int seen = bell_.seen();
        LimboUnit garbage;
        {
            MutexLock guard(lock_);
            if (!garbage_.empty()) {
                garbage = garbage_.back();
                garbage_.pop_back();
                garbage_size_ = garbage_size_ - Bytes{limbo_size(garbage.kind)};
            }
        }
        if (garbage.start.value != 0)
            discard(garbage);
        else if (stop_.load(std::memory_order_acquire))
            return;
        else
            bell_.wait(seen);
    }
}

}  // namespace faultline::svm
