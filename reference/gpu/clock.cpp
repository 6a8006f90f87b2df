#include "reference/gpu/clock.h"

#include <cpuid.h>
#include <time.h>
#include <x86intrin.h>

#include "base/clock_pair.h"
#include "reference/gpu/eu_context.h"
#include "reference/gpu/futex.h"

namespace faultline::gpu {
namespace {

std::uint64_t monotonic_ns() {
    timespec t{};
    clock_gettime(CLOCK_MONOTONIC, &t);
    return static_cast<std::uint64_t>(t.tv_sec) * 1'000'000'000 + static_cast<std::uint64_t>(t.tv_nsec);
}

bool invariant_tsc() {
    constexpr unsigned kPowerLeaf = 0x80000007;
    constexpr unsigned kInvariantTsc = 1u << 8;
    unsigned a = 0;
    unsigned b = 0;
    unsigned c = 0;
    unsigned d = 0;
    return __get_cpuid(kPowerLeaf, &a, &b, &c, &d) != 0 && (d & kInvariantTsc) != 0;
}

std::uint64_t read_tsc() {
    _mm_lfence();
    return __rdtsc();
}

struct Calibration {
    bool tsc = invariant_tsc();
    double tick_ns = 1.0;

    Calibration() {
        if (!tsc) return;
        constexpr std::uint64_t kPeriod = 5'000'000;
        const auto [first_ticks, first_ns] = read_clock_pair(read_tsc, monotonic_ns);
        while (monotonic_ns() < first_ns + kPeriod) cpu_pause();
        const auto [last_ticks, last_ns] = read_clock_pair(read_tsc, monotonic_ns);
        tick_ns = static_cast<double>(last_ns - first_ns) / static_cast<double>(last_ticks - first_ticks);
    }
};

// Made when the library is loaded: an EU that reads the clock must not meet a function-local guard.
const Calibration kCalibration;

}  // namespace

std::uint64_t device_clock_ticks() { return kCalibration.tsc ? read_tsc() : monotonic_ns(); }
double device_clock_tick_ns() { return kCalibration.tick_ns; }

}  // namespace faultline::gpu

std::uint64_t fl_clock() { return faultline::gpu::device_clock_ticks(); }
