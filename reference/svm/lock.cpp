#include "reference/svm/lock.h"

#if defined(FAULTLINE_LOCKDEP)

#include <array>
#include <cstdio>
#include <cstdlib>

namespace faultline::svm {
namespace {

struct Held {
    LockRank rank;
    const char* name;
};

// Deep enough: the longest chain of ranks is twelve.
struct HeldStack {
    std::array<Held, 24> locks;
    int depth = 0;
};

thread_local HeldStack held;

[[noreturn]] void out_of_order(LockRank rank, const char* name) {
    std::fprintf(stderr, "lockdep: '%s' (rank %d) taken out of order; held, outermost first:\n", name,
                 static_cast<int>(rank));
    for (int i = 0; i < held.depth; ++i)
        std::fprintf(stderr, "  '%s' (rank %d)\n", held.locks[i].name, static_cast<int>(held.locks[i].rank));
    std::abort();
}

}  // namespace

void lockdep_acquire(LockRank rank, const char* name) {
    for (int i = 0; i < held.depth; ++i)
        if (held.locks[i].rank >= rank) out_of_order(rank, name);
    if (held.depth == static_cast<int>(held.locks.size())) out_of_order(rank, name);
    held.locks[held.depth++] = {rank, name};
}

void lockdep_release(LockRank rank) {
    for (int i = held.depth - 1; i >= 0; --i) {
        if (held.locks[i].rank != rank) continue;
        for (int j = i; j + 1 < held.depth; ++j) held.locks[j] = held.locks[j + 1];
        --held.depth;
        return;
    }
}

}  // namespace faultline::svm

#endif
