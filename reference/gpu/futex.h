// Sleeping on a word of arena memory without a library's help: waiters may not touch malloc memory (see arena.h).
//
// Thread safety: all functions. futex_wait() returns when woken, when *word != value, or for no reason. Callers look
// again in every case, so that results (EAGAIN, EINTR) say nothing that is needed.
#pragma once

#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <climits>
#include <cstdint>

namespace faultline::gpu {

inline void futex_wait(std::atomic<std::uint32_t>& word, std::uint32_t value) {
    syscall(SYS_futex, &word, FUTEX_WAIT_PRIVATE, value, nullptr, nullptr, 0);
}
inline void futex_wake(std::atomic<std::uint32_t>& word, int count = INT_MAX) {
    syscall(SYS_futex, &word, FUTEX_WAKE_PRIVATE, count, nullptr, nullptr, 0);
}
inline void cpu_pause() { __builtin_ia32_pause(); }

}  // namespace faultline::gpu
