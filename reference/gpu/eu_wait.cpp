// Work-groups that wait: for the report of their fault, for its ack, for a deadline; and the EU's sleep when all do.
#include <sched.h>

#include <algorithm>
#include <cerrno>

#include "reference/gpu/eu.h"
#include "reference/gpu/futex.h"
#include "reference/svm/xe/vm.h"

namespace faultline::gpu {
namespace {

// Looks before an EU sleeps, at first without, then with leaving its processor to whoever serves the fault. Service
// takes some microseconds, a wake-up 20-100.
constexpr unsigned kReadySpins = 200;
constexpr unsigned kReadyYields = 100;
constexpr unsigned kAtomicRetries = 64;

}  // namespace

void HardwareThread::ack(const svm::Pagefault&, int err) {
    err_ = err;
    Eu& eu = *eu_;
    due_ = eu.config_.ack.count() == 0 ? Nanoseconds{} : eu.device_.clock().now() + eu.config_.ack;
    to_post_ = false;
    // Release: whoever takes the list reads err_, due_ and next_. Sequentially consistent besides, against the EU that
    // stores `sleeping_` and then looks at `ready_`: it sees this push, or the flush after it sees the EU asleep. Once
    // pushed, the work-group may run and end: nothing of `this` is touched after.
    HardwareThread* head = eu.ready_.load(std::memory_order_relaxed);
    do {
        next_ = head;
    } while (!eu.ready_.compare_exchange_weak(head, this, std::memory_order_seq_cst, std::memory_order_relaxed));
}

void Eu::report_fault(HardwareThread& thread) {
    if (config_.fault_report.count() == 0) return post_fault(thread);
    thread.due_ = device_.clock().now() + config_.fault_report;
    thread.to_post_ = true;
    delayed_.push_back(&thread);
}

/// Lets go on whoever has waited long enough, first come first served.
void Eu::serve_delayed() {
    const Nanoseconds now = device_.clock().now();
    for (std::size_t i = 0; i < delayed_.size();) {
        HardwareThread* thread = delayed_[i];
        if (thread->due_ > now) {
            ++i;
            continue;
        }
        delayed_.erase(delayed_.begin() + static_cast<std::ptrdiff_t>(i));
        if (thread->to_post_) {
            post_fault(*thread);
        } else {
            append_runnable(thread);
        }
    }
}

/// When the first of those that wait for time may go on; the end of all time when there is none.
Nanoseconds Eu::next_due() const {
    Nanoseconds first = Nanoseconds::max();
    for (const HardwareThread* thread : delayed_) first = std::min(first, thread->due_);
    return first;
}

void Eu::post_fault(HardwareThread& thread) {
    // What is left of a failed dispatch is dropped; its faults would only load the queues.
    if (thread.dispatch_->failed()) return finish(thread, false);
    // The CPU has lost a page that the GPU still maps: the monitor is about to say so, and then the fault is answered
    // by what is mapped now.
    if (thread.wait_for_monitor_) device_.mm().sync();
    if (thread.repeats_ >= kAtomicRetries && is_futile(thread)) {
        thread.err_ = -EACCES;
        return append_runnable(&thread);
    }
    // Accepted: its ack may be here before this call returns, so the thread belongs to `ready_` from now on.
    if (device_.pagefault_handler(thread.fault_) == 0) return;
    // A queue holds a fault of every hardware thread; if it is full all the same, the access is made again later.
    thread.err_ = 0;
    append_runnable(&thread);
}

/// The core acks an atomic on memory that cannot migrate as served. Hardware faults for ever then; here the context is
/// lost instead.
bool Eu::is_futile(const HardwareThread& thread) {
    const svm::Ref<svm::Vm> vm = device_.asid_to_vm(thread.fault_.asid);
    return vm != nullptr && !vm->serves_atomics(thread.fault_.page_addr);  // without a VM the fault says so
}

void Eu::append_runnable(HardwareThread* thread) {
    thread->next_ = nullptr;
    *runnable_end_ = thread;
    runnable_end_ = &thread->next_;
}

void Eu::collect_ready() {
    // A look without the exchange: the line stays shared while nothing has come. Missing a push costs one round.
    if (ready_.load(std::memory_order_relaxed) == nullptr) return;
    // Pushed newest first; run in the order of the acks.
    HardwareThread* newest = ready_.exchange(nullptr, std::memory_order_acquire);
    HardwareThread* oldest = nullptr;
    while (newest != nullptr) {
        HardwareThread* next = newest->next_;
        newest->next_ = oldest;
        oldest = newest;
        newest = next;
    }
    while (oldest != nullptr) {
        HardwareThread* next = oldest->next_;
        if (oldest->due_.count() == 0) {
            append_runnable(oldest);
        } else {
            delayed_.push_back(oldest);
        }
        oldest = next;
    }
}

/// Until a fault is acked, a deadline is over or, when there is room, work is added.
void Eu::wait_for_ready() {
    const Nanoseconds due = next_due();
    const bool timed = due != Nanoseconds::max();
    svm::Clock& clock = device_.clock();
    const auto left = [&] { return due - clock.now(); };
    auto something = [&] {
        return ready_.load(std::memory_order_seq_cst) != nullptr ||
               (idle_ != nullptr && active_version_ != dispatches_.version());
    };
    // For an ack or the next dispatch. Where all work-groups wait for a time, nothing comes before it: the EU sleeps at
    // once, since beside a busy neighbour each look costs a time slice.
    const bool only_time_passes = resident_ > 0 && delayed_.size() == resident_;
    const unsigned looks = only_time_passes ? 0 : kReadySpins + kReadyYields;
    for (unsigned i = 0; i < looks || (timed && left() < clock.lateness()); ++i) {
        if (something() || (timed && left().count() <= 0)) return;
        if (i < kReadySpins) {
            cpu_pause();
        } else {
            sched_yield();
        }
    }
    // Says that it sleeps, then looks once more: who adds something looks at `sleeping_` after it. In the one order of
    // these four accesses one of the two sees the other, so that no wake-up is lost.
    sleeping_.store(1, std::memory_order_seq_cst);
    if (!something()) {
        ++counters_.sleeps;
        if (timed) {
            clock.sleep_on(sleeping_, 1, due - clock.lateness());
        } else {
            futex_wait(sleeping_, 1);
        }
    }
    // Relaxed: who still reads 1 makes a system call in vain, no more.
    sleeping_.store(0, std::memory_order_relaxed);
}

void Eu::wake_if_sleeping() {
    if (sleeping_.load(std::memory_order_seq_cst) == 0) return;
    // Before the call: an EU between its look and its sleep finds the word changed and does not sleep, and who comes
    // next is spared the call.
    sleeping_.store(0, std::memory_order_seq_cst);
    futex_wake(sleeping_, 1);
}

}  // namespace faultline::gpu
