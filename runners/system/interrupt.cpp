#include "runners/system/interrupt.h"

#include <sys/eventfd.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdint>

namespace faultline::runners {
namespace {

constexpr std::array<int, 3> kSignals = {SIGINT, SIGTERM, SIGHUP};

// A signal handler can reach nothing but globals.
std::atomic<int> g_first{0};
std::atomic<int> g_count{0};
std::atomic<int> g_event{-1};
std::array<struct sigaction, kSignals.size()> g_former;

void on_signal(int signal) {
    const int saved_errno = errno;
    int none = 0;
    g_first.compare_exchange_strong(none, signal);
    g_count.fetch_add(1);
    const std::uint64_t one = 1;
    [[maybe_unused]] const ssize_t written = ::write(g_event.load(), &one, sizeof one);
    errno = saved_errno;
}

}  // namespace

Interrupt::Interrupt() {
    g_first = 0;
    g_count = 0;
    g_event = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    struct sigaction action {};
    action.sa_handler = on_signal;
    sigemptyset(&action.sa_mask);
    for (std::size_t i = 0; i < kSignals.size(); ++i) ::sigaction(kSignals[i], &action, &g_former[i]);
}

Interrupt::~Interrupt() {
    for (std::size_t i = 0; i < kSignals.size(); ++i) ::sigaction(kSignals[i], &g_former[i], nullptr);
    ::close(g_event.exchange(-1));
}

int Interrupt::signal() const { return g_first; }
int Interrupt::count() const { return g_count; }
int Interrupt::fd() const { return g_event; }

}  // namespace faultline::runners
