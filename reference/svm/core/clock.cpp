// The host's clock, and a sleep that ends on time.

#include "reference/svm/core/clock.h"

#include <linux/futex.h>
#include <sched.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <chrono>

namespace faultline::svm {
namespace {

// A sleep ends up to 60 us late (50 us of timer slack, and a wake-up); the last stretch is watched, leaving the
// processor to threads that have work.
constexpr Nanoseconds kWatched = std::chrono::microseconds(80);

}  // namespace

Nanoseconds SystemClock::now() const { return std::chrono::steady_clock::now().time_since_epoch(); }

void SystemClock::wait_until(Nanoseconds time) {
    if (const Nanoseconds asleep = time - kWatched; asleep > now()) {
        const timespec until{asleep.count() / 1'000'000'000, asleep.count() % 1'000'000'000};
        while (::clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, nullptr) != 0) {
        }
    }
    while (now() < time) ::sched_yield();
}

void SystemClock::sleep_on(std::atomic<std::uint32_t>& word, std::uint32_t value, Nanoseconds time) {
    const Nanoseconds left = time - now();
    if (left.count() <= 0) return;
    const timespec timeout{left.count() / 1'000'000'000, left.count() % 1'000'000'000};
    ::syscall(SYS_futex, &word, FUTEX_WAIT_PRIVATE, value, &timeout, nullptr, 0);
}

Nanoseconds SystemClock::lateness() const { return kWatched; }

}  // namespace faultline::svm
