// Counters that the places which can fail ask. Constant-initialised: the arena asks before main().

#include "reference/svm/core/fault_injection.h"

#include <array>
#include <atomic>

namespace faultline::svm {
namespace {

struct Point {
    std::atomic<std::int64_t> left{-1};  ///< calls that succeed yet; negative: all do
    std::atomic<std::uint64_t> failed{0};
    std::atomic<bool> for_ever{false};
};

constinit std::array<Point, static_cast<std::size_t>(FailPoint::kCount)> points;

Point& at(FailPoint point) { return points[static_cast<std::size_t>(point)]; }

}  // namespace

void fail_after(FailPoint point, std::int64_t calls, FailTimes times) {
    Point& p = at(point);
    p.failed.store(0, std::memory_order_relaxed);
    p.for_ever.store(times == FailTimes::kForEver, std::memory_order_relaxed);
    p.left.store(calls, std::memory_order_release);  // last: a thread that sees it sees the other two
}

void fail_never(FailPoint point) { at(point).left.store(-1, std::memory_order_release); }

std::uint64_t failures(FailPoint point) { return at(point).failed.load(std::memory_order_relaxed); }

bool should_fail(FailPoint point) {
    Point& p = at(point);
    std::int64_t left = p.left.load(std::memory_order_acquire);
    while (left >= 0) {
        const std::int64_t next = left > 0 ? left - 1 : p.for_ever.load(std::memory_order_relaxed) ? 0 : -1;
        if (!p.left.compare_exchange_weak(left, next, std::memory_order_acq_rel)) continue;
        if (left > 0) return false;
        p.failed.fetch_add(1, std::memory_order_relaxed);
        return true;
    }
    return false;
}

}  // namespace faultline::svm
