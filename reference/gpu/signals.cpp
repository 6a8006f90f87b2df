#include "reference/gpu/signals.h"

#include <signal.h>
#include <ucontext.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <csetjmp>
#include <cstdint>
#include <cstring>
#include <mutex>

#include "reference/gpu/eu.h"

namespace faultline::gpu {
namespace {

__attribute__((tls_model("initial-exec"))) thread_local sigjmp_buf* t_guard = nullptr;

struct sigaction g_previous[2];  // SIGSEGV, SIGBUS

void chain(int number, siginfo_t* info, void* context) {
    const struct sigaction& previous = g_previous[number == SIGSEGV ? 0 : 1];
    if ((previous.sa_flags & SA_SIGINFO) != 0) return previous.sa_sigaction(number, info, context);
    if (previous.sa_handler != SIG_DFL && previous.sa_handler != SIG_IGN) return previous.sa_handler(number);
    // The default: the access is made again on return, and ends the process as if this handler had never been.
    sigaction(number, &previous, nullptr);
}

void on_signal(int number, siginfo_t* info, void* context) {
    int saved_errno = errno;
    if (t_guard != nullptr) siglongjmp(*t_guard, 1);
    bool sent_by_kernel = info->si_code > 0;
    if (Eu* eu = Eu::current(); eu != nullptr && sent_by_kernel) {
        const auto& registers = static_cast<ucontext_t*>(context)->uc_mcontext.gregs;
        constexpr greg_t kWriteAccess = 2;  // of the page fault's error code
        if (eu->handle_signal(reinterpret_cast<std::uint64_t>(info->si_addr),
                              static_cast<std::uint64_t>(registers[REG_RIP]),
                              (registers[REG_ERR] & kWriteAccess) != 0)) {
            errno = saved_errno;
            return;
        }
    }
    chain(number, info, context);
}

/// While a compiler runs; an abort of any other thread is none of its business.
struct sigaction g_previous_abort;
void on_abort(int number, siginfo_t*, void*) {
    if (t_guard != nullptr) siglongjmp(*t_guard, 1);
    sigaction(number, &g_previous_abort, nullptr);
    raise(number);
}

template <typename Body>
int guarded(Body body) {
    sigjmp_buf guard;
    // No signal mask is kept: SA_NODEFER leaves nothing blocked, and a kept one costs a system call a copy.
    if (sigsetjmp(guard, 0) != 0) {
        t_guard = nullptr;
        return -EFAULT;
    }
    t_guard = &guard;
    // The handler runs on this thread, so that it is the compiler alone that must not move accesses out of the guard.
    std::atomic_signal_fence(std::memory_order_seq_cst);
    body();
    std::atomic_signal_fence(std::memory_order_seq_cst);
    t_guard = nullptr;
    return 0;
}

}  // namespace

void install_signal_handler() {
    static std::once_flag once;
    std::call_once(once, [] {
        struct sigaction action {};
        action.sa_sigaction = on_signal;
        // Not blocked while it runs: a work-group may be suspended inside the handler and its thread go on.
        action.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER;
        sigemptyset(&action.sa_mask);
        sigaction(SIGSEGV, &action, &g_previous[0]);
        sigaction(SIGBUS, &action, &g_previous[1]);
    });
}

int guarded_copy(void* dst, const void* src, std::size_t size) {
    return guarded([=] {
        if (src != nullptr) {
            std::memcpy(dst, src, size);
        } else {
            std::memset(dst, 0, size);
        }
    });
}

int guarded_fill(void* dst, const void* pattern, std::size_t pattern_size, std::size_t size) {
    return guarded([=] {
        // Doubles what is filled already; whole patterns up to the last, which may be cut.
        auto* bytes = static_cast<std::byte*>(dst);
        std::size_t filled = std::min(size, pattern_size);
        std::memcpy(bytes, pattern, filled);
        while (filled < size) {
            constexpr std::size_t kBlock = 64 << 10;  // stays in the cache
            std::size_t part =
                std::min({filled, size - filled, std::max(kBlock / pattern_size, std::size_t{1}) * pattern_size});
            std::memcpy(bytes + filled, bytes, part);
            filled += part;
        }
    });
}

bool survives(void (*body)(void*), void* argument) {
    install_signal_handler();
    struct sigaction action {};
    struct sigaction before {};
    action.sa_sigaction = on_abort;
    action.sa_flags = SA_SIGINFO | SA_NODEFER;
    sigemptyset(&action.sa_mask);
    sigaction(SIGABRT, &action, &before);
    g_previous_abort = before;
    int err = guarded([=] { body(argument); });
    sigaction(SIGABRT, &before, nullptr);
    return err == 0;
}

}  // namespace faultline::gpu
