// A lock on parts of one 2 MiB block, 64 KiB at a time: what the kernel's page locks are to migrations.
//
// A holder of a span excludes those whose spans overlap it, and nobody else. One thread holds one span of a lock, and
// of one rank, at a time. Thread safety: all functions. Does not allocate.
#pragma once

#include <cstdint>

#include "reference/svm/core/bell.h"
#include "reference/svm/core/lock.h"
#include "reference/svm/core/types.h"

namespace faultline::svm {

class SpanLock {
public:
    constexpr SpanLock(LockRank rank, const char* name) : rank_(rank), name_(name) {}
    SpanLock(const SpanLock&) = delete;
    SpanLock& operator=(const SpanLock&) = delete;

    /// REQUIRES: the interval lies in one 2 MiB block and is not empty.
    void lock(Interval interval) {
        lockdep_acquire(this, rank_, name_);
        const std::uint32_t wanted = mask_of(interval);
        for (;;) {
            const int seen = released_.seen();
            {
                MutexLock guard(lock_);
                if ((held_ & wanted) == 0) {
                    held_ |= wanted;
                    return;
                }
            }
            released_.wait(seen);  // any release may be the one: all sleepers look again
        }
    }
    /// REQUIRES: locked with the same interval.
    void unlock(Interval interval) {
        {
            MutexLock guard(lock_);
            held_ &= ~mask_of(interval);
        }
        released_.ring_all();
        lockdep_release(this);
    }

private:
    static std::uint32_t mask_of(Interval interval) {
        const auto bit_of = [](VirtAddr a) { return (a.value & (kSize2M - 1)) / kSize64K; };
        const std::uint64_t first = bit_of(interval.start);
        const std::uint64_t last = bit_of(interval.end - 1);
        return static_cast<std::uint32_t>((1ull << (last + 1)) - (1ull << first));
    }

    const LockRank rank_;
    const char* const name_;
    Mutex lock_{LockRank::kLeaf, "span_lock.held"};
    std::uint32_t held_ FL_GUARDED_BY(lock_) = 0;  ///< a bit for each 64 KiB
    Bell released_;
};

class SpanGuard {
public:
    SpanGuard(SpanLock& lock, Interval interval) : lock_(lock), interval_(interval) { lock_.lock(interval_); }
    ~SpanGuard() { lock_.unlock(interval_); }
    SpanGuard(const SpanGuard&) = delete;
    SpanGuard& operator=(const SpanGuard&) = delete;

private:
    SpanLock& lock_;
    const Interval interval_;
};

}  // namespace faultline::svm
