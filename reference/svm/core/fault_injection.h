// Failures on demand, for tests: what may fail fails when it is told to (the kernel's fault injection).
//
// Thread safety: all functions. Costs a load where nothing is injected.
#pragma once

#include <cstdint>

namespace faultline::svm {

enum class FailPoint : std::uint8_t {
    kArena,         ///< arena().allocate() and arena_map(): std::bad_alloc, null
    kVram,          ///< Vram::alloc(): -ENOMEM
    kUffdAgain,     ///< ioctls of the userfaultfd that move or fill: -EAGAIN
    kUffdNoMemory,  ///< those, remaps and registration: -ENOMEM
    kCount,
};

enum class FailTimes : std::uint8_t { kOnce, kForEver };

/// `calls` more succeed, the next one fails, and with kForEver all later ones too, in every thread, until
/// fail_never().
void fail_after(FailPoint point, std::int64_t calls, FailTimes times);
void fail_never(FailPoint point);
/// How many have failed since fail_after() was called for it.
std::uint64_t failures(FailPoint point);

/// Asked by the places that can fail.
bool should_fail(FailPoint point);

}  // namespace faultline::svm
