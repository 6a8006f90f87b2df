// What happens when the CPU refuses an access that the GPU makes: SIGSEGV and SIGBUS of EUs and copy engines.
//
// A kernel's access becomes a GPU fault at that address; a copy of user memory fails with -EFAULT; a compiler that
// aborts is left. Every other signal goes to the handler that was there before. The handler never allocates, locks or
// leaves the arena. Thread safety: all functions.
#pragma once

#include <cstddef>

namespace faultline::gpu {

/// Once a process; later calls do nothing. The handler stays, since handlers installed later may chain to it.
void install_signal_handler();

/// memcpy(), or, when `src` is null, memset(0). 0, or -EFAULT when an address is not accessible to the CPU; then an
/// unknown part has been copied. REQUIRES: install_signal_handler(); SIGSEGV and SIGBUS are not blocked.
int guarded_copy(void* dst, const void* src, std::size_t size);
/// The same, filling `dst` with repetitions of a pattern.
int guarded_fill(void* dst, const void* pattern, std::size_t pattern_size, std::size_t size);

/// Runs body(argument), a call into a library that ends the process where it should report: its abort() or bad access
/// ends the call instead. False then; whatever the body owned is lost, and must not be touched again. One thread at a
/// time.
bool survives(void (*body)(void*), void* argument);

}  // namespace faultline::gpu
