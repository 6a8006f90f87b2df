// The run-time check of lock ranks (lockdep): what each thread holds, and where it took it.

#include "reference/svm/core/lock.h"

#if defined(FAULTLINE_LOCKDEP)

#include <execinfo.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>

namespace faultline::svm {
namespace {

using Stack = std::array<void*, 12>;

struct Held {
    const void* lock;
    LockRank rank;
    const char* name;
    Stack stack;
};

// Deep enough: the longest chain of ranks is thirteen.
struct HeldStack {
    std::array<Held, 24> locks;
    int depth = 0;
};

thread_local HeldStack held;

/// By frame pointers, which debug builds keep: backtrace() may allocate, and locks are taken where nothing may. The
/// caller of a test may keep none and leave anything in their place, on this stack or not: hence the bounds.
__attribute__((noinline, no_sanitize("address", "thread"))) Stack callers() {
    Stack stack{};
    auto frame = reinterpret_cast<std::uintptr_t>(__builtin_frame_address(0));
    for (void*& caller : stack) {
        const auto* words = reinterpret_cast<void* const*>(frame);
        caller = words[1];
        const auto next = reinterpret_cast<std::uintptr_t>(words[0]);
        constexpr std::uintptr_t kLargestFrame = 64 << 10;
        if (next <= frame || next - frame > kLargestFrame || next % sizeof(void*) != 0) break;
        frame = next;
    }
    return stack;
}

void print(const Stack& stack) {
    const auto end = std::find(stack.begin(), stack.end(), nullptr);
    backtrace_symbols_fd(stack.data(), static_cast<int>(end - stack.begin()), STDERR_FILENO);
}

[[noreturn]] void out_of_order(const Held& taken) {
    std::fprintf(stderr, "lockdep: '%s' (rank %d) taken out of order, at:\n", taken.name, static_cast<int>(taken.rank));
    print(taken.stack);
    std::fprintf(stderr, "lockdep: held, outermost first:\n");
    for (int i = 0; i < held.depth; ++i) {
        std::fprintf(stderr, "lockdep: '%s' (rank %d), taken at:\n", held.locks[i].name,
                     static_cast<int>(held.locks[i].rank));
        print(held.locks[i].stack);
    }
    std::abort();
}

}  // namespace

void lockdep_acquire(const void* lock, LockRank rank, const char* name) {
    for (int i = 0; i < held.depth; ++i)
        if (held.locks[i].rank >= rank) out_of_order({lock, rank, name, callers()});
    lockdep_acquired_by_try(lock, rank, name);
}

void lockdep_acquired_by_try(const void* lock, LockRank rank, const char* name) {
    const Held taken{lock, rank, name, callers()};
    if (held.depth == static_cast<int>(held.locks.size())) out_of_order(taken);
    held.locks[held.depth++] = taken;
}

void lockdep_release(const void* lock) {
    for (int i = held.depth - 1; i >= 0; --i) {
        if (held.locks[i].lock != lock) continue;
        for (int j = i; j + 1 < held.depth; ++j) held.locks[j] = held.locks[j + 1];
        --held.depth;
        return;
    }
}

}  // namespace faultline::svm

#endif
