#include "reference/svm/clock.h"

#include <time.h>

#include <chrono>

namespace faultline::svm {
namespace {

// A sleep ends up to 60 us late (50 us of timer slack, and a wake-up); the last stretch is watched.
constexpr Nanoseconds kWatched = std::chrono::microseconds(100);

}  // namespace

Nanoseconds SystemClock::now() const { return std::chrono::steady_clock::now().time_since_epoch(); }

void SystemClock::wait_until(Nanoseconds time) {
    if (const Nanoseconds asleep = time - kWatched; asleep > now()) {
        const timespec until{asleep.count() / 1'000'000'000, asleep.count() % 1'000'000'000};
        while (::clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, nullptr) != 0) {
        }
    }
    while (now() < time) __builtin_ia32_pause();
}

}  // namespace faultline::svm
