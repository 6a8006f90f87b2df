#include "reference/gpu/eu.h"

#include <sched.h>

#include <algorithm>
#include <cerrno>
#include <new>
#include <utility>

#include "reference/gpu/futex.h"
#include "reference/svm/arena.h"
#include "reference/svm/vm.h"

namespace faultline::gpu {
namespace {

// Initial-exec: the signal handler reads it, and a first access through __tls_get_addr could allocate.
__attribute__((tls_model("initial-exec"))) thread_local Eu* t_current = nullptr;

// Looks before an EU sleeps, at first without, then with leaving its processor to whoever serves the fault. Service
// takes some microseconds, a wake-up 20-100.
constexpr unsigned kReadySpins = 200;
constexpr unsigned kReadyYields = 100;
constexpr unsigned kSignalRetries = 64;
constexpr unsigned kAtomicRetries = 64;
// A sleep ends up to so much too late; see reference/svm/clock.cpp.
constexpr Nanoseconds kWatched = std::chrono::microseconds(80);
// What an access to another device's memory brings.
constexpr std::uint64_t kLine = 64;

}  // namespace

// -- HardwareThread
// ------------------------------------------------------------------------------------------------------

void HardwareThread::ack(const svm::Pagefault&, int err) {
    err_ = err;
    Eu& eu = *eu_;
    due_ = eu.config_.ack.count() == 0 ? Nanoseconds{} : eu.device_.clock().now() + eu.config_.ack;
    to_post_ = false;
    HardwareThread* head = eu.ready_.load(std::memory_order_relaxed);
    do {
        next_ = head;
    } while (!eu.ready_.compare_exchange_weak(head, this, std::memory_order_seq_cst, std::memory_order_relaxed));
}

void HardwareThread::main(Transfer from) {
    auto* self = static_cast<HardwareThread*>(from.data);
    Eu& eu = *self->eu_;
    eu.scheduler_ = from.fctx;
    if (self->dispatch_->item_entry != nullptr) {
        self->run_items();
    } else {
        self->dispatch_->entry(&eu, self->dispatch_->args, &self->group_);
    }
    eu.suspend(Eu::Outcome::kDone);
}

/// Runs every work-item up to its next barrier, round after round.
void HardwareThread::run_items() {
    for (bool more = true; more;) {
        more = false;
        for (Item& item : items_) {
            if (item.done) continue;
            item_ = &item;
            item.context = jump_fcontext(item.context, this).fctx;
            more = more || !item.done;
        }
        item_ = nullptr;
    }
}

void HardwareThread::item_main(Transfer from) {
    auto* self = static_cast<HardwareThread*>(from.data);
    self->turn_ = from.fctx;
    auto index = static_cast<std::uint64_t>(self->item_ - self->items_.data());
    const std::uint64_t* size = self->group_.local_size;
    self->dispatch_->item_entry(self->eu_, self->dispatch_->args, &self->group_, index % size[0],
                                index / size[0] % size[1], index / size[0] / size[1]);
    self->item_->done = true;
    jump_fcontext(self->turn_, nullptr);
}

void Eu::barrier() {
    HardwareThread& thread = *running_;
    thread.turn_ = jump_fcontext(thread.turn_, nullptr).fctx;
}

// -- Eu: life of the task
// --------------------------------------------------------------------------------------------------

Eu::Eu(const EuConfig& config)
    : Tlb(config.shootdown),
      config_(config),
      device_(config.device),
      dispatches_(config.dispatches),
      threads_(config.threads, &svm::arena()),
      delayed_(&svm::arena()),
      active_(&svm::arena()) {
    delayed_.reserve(config.threads);
    for (HardwareThread& thread : threads_) {
        thread.eu_ = this;
        thread.next_ = idle_;
        idle_ = &thread;
    }
}

Eu::~Eu() {
    for (DispatchRecord* record : active_) record->put();
    for (HardwareThread& thread : threads_) {
        if (thread.stack_) stacks_.put(thread.stack_);
        if (thread.local_memory_ != nullptr) svm::arena().deallocate(thread.local_memory_, thread.local_capacity_);
    }
}

Eu* Eu::current() { return t_current; }

bool Eu::begin() {
    if (active_task_.exchange(1, std::memory_order_seq_cst) == 0) return true;
    wake_if_sleeping();
    return false;
}

void Eu::run() {
    t_current = this;
    for (;;) {
        collect_ready();
        if (!delayed_.empty()) serve_delayed();
        if (runnable_ != nullptr) {
            HardwareThread* thread = runnable_;
            runnable_ = thread->next_;
            if (runnable_ == nullptr) runnable_end_ = &runnable_;
            resume(*thread);
        } else if (idle_ != nullptr && start(*idle_)) {
        } else if (resident_ > 0) {
            wait_for_ready();
        } else {
            // Nothing here; whoever adds work after this store starts the task anew.
            active_task_.store(0, std::memory_order_seq_cst);
            if (!dispatches_.any_unclaimed() || active_task_.exchange(1, std::memory_order_seq_cst) != 0) break;
        }
    }
    t_current = nullptr;
}

bool Eu::claim(WorkGroupInfo* group, DispatchRecord** from) {
    if (active_version_ != dispatches_.version()) active_version_ = dispatches_.snapshot(active_);
    for (std::size_t i = 0; i < active_.size(); ++i) {
        turn_ = (turn_ + 1) % active_.size();
        if (active_[turn_]->claim(group)) {
            *from = active_[turn_];
            return true;
        }
    }
    return false;
}

/// Gives the thread a work-group and runs it. False: there is none.
bool Eu::start(HardwareThread& thread) {
    if (!claim(&thread.group_, &thread.dispatch_)) return false;
    DispatchRecord& dispatch = *thread.dispatch_;
    idle_ = thread.next_;
    ++resident_;
    ++counters_.work_groups;
    thread.signal_count_ = 0;
    thread.foreign_reads_ = thread.foreign_writes_ = {};
    int err = 0;
    if (!thread.stack_) thread.stack_ = stacks_.get();
    if (!thread.stack_) err = -ENOMEM;
    try {
        if (thread.local_capacity_ < dispatch.local_memory.count) {
            auto* larger = static_cast<std::byte*>(svm::arena().allocate(dispatch.local_memory.count, kLocalAlignment));
            if (thread.local_memory_ != nullptr) svm::arena().deallocate(thread.local_memory_, thread.local_capacity_);
            thread.local_memory_ = larger;
            thread.local_capacity_ = dispatch.local_memory.count;
        }
        if (dispatch.item_entry != nullptr) {
            const std::uint64_t* size = thread.group_.local_size;
            thread.items_.resize(size[0] * size[1] * size[2]);
            for (HardwareThread::Item& item : thread.items_) {
                item.stack = stacks_.get();
                if (!item.stack) throw std::bad_alloc();
                item.context = item.stack.context(&HardwareThread::item_main);
            }
        }
    } catch (const std::bad_alloc&) {
        err = -ENOMEM;
    }
    if (err != 0) {
        dispatch.fail(err, {}, svm::Access::kRead);
        finish(thread, false);
        return true;
    }
    thread.group_.local_memory = thread.local_memory_;
    thread.resume_ = thread.stack_.context(&HardwareThread::main);
    resume(thread);
    return true;
}

void Eu::resume(HardwareThread& thread) {
    running_ = &thread;
    go_online();
    if (tlb_asid_ != thread.dispatch_->asid) {
        acknowledge();
        tlb_asid_ = thread.dispatch_->asid;
    }
    thread.resume_ = jump_fcontext(thread.resume_, &thread).fctx;
    go_offline();
    running_ = nullptr;
    switch (outcome_) {
        case Outcome::kDone:
            finish(thread, false);
            break;
        case Outcome::kFault:
            report_fault(thread);
            break;
        case Outcome::kWait:
            delayed_.push_back(&thread);
            break;
        case Outcome::kFailed:
            finish(thread, true);
            break;
    }
}

/// The hardware thread is free again; what a failed work-group left on its stacks is forgotten.
void Eu::finish(HardwareThread& thread, bool failed) {
    for (HardwareThread::Item& item : thread.items_) {
        if (item.stack) stacks_.put(item.stack);
    }
    thread.items_.clear();
    if (failed) thread.dispatch_->fail(thread.err_, thread.fault_.page_addr, thread.fault_.access);
    // The last completion lets the record go.
    std::exchange(thread.dispatch_, nullptr)->complete();
    thread.next_ = idle_;
    idle_ = &thread;
    --resident_;
}

// -- Eu: faults
// --------------------------------------------------------------------------------------------------------------

void Eu::suspend(Outcome outcome) {
    outcome_ = outcome;
    scheduler_ = jump_fcontext(scheduler_, nullptr).fctx;
}

/// Waits until the fault has been served; does not return when it could not be.
void Eu::fault(std::uint64_t va, svm::Access access, bool from_signal) {
    HardwareThread& thread = *running_;
    const svm::VirtAddr page = svm::VirtAddr{va}.align_down(svm::kPageSize);
    const bool again = access == svm::Access::kAtomic && thread.fault_.access == access;
    thread.repeats_ = again && thread.fault_.page_addr == page ? thread.repeats_ + 1 : 0;
    thread.fault_ = {};
    thread.fault_.page_addr = page;
    thread.fault_.asid = thread.dispatch_->asid;
    thread.fault_.access = access;
    thread.fault_.tile = static_cast<std::uint8_t>(config_.tile);
    thread.fault_.engine = svm::pack_engine(svm::EngineClass::kCompute, 0);
    thread.fault_.faulter = &thread;
    thread.wait_for_monitor_ = from_signal;
    ++counters_.faults;
    suspend(Outcome::kFault);
    if (thread.err_ != 0) suspend(Outcome::kFailed);
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
    if (thread.dispatch_->failed()) return finish(thread, false);
    // The CPU has lost a page that the GPU still maps: the monitor is about to say so, and then the fault is answered
    // by what is mapped now.
    if (thread.wait_for_monitor_) device_.mm().sync();
    if (thread.repeats_ >= kAtomicRetries && is_futile(thread)) {
        thread.err_ = -EACCES;
        return append_runnable(&thread);
    }
    if (device_.pagefault_handler(thread.fault_) == 0) return;
    // A queue holds a fault of every hardware thread; if it is full all the same, the access is made again later.
    thread.err_ = 0;
    append_runnable(&thread);
}

/// The core acks an atomic on memory that cannot migrate as served. Hardware faults for ever then; here the context is
/// lost instead.
bool Eu::is_futile(const HardwareThread& thread) {
    svm::Vm* vm = device_.asid_to_vm(thread.fault_.asid);
    if (vm == nullptr) return false;  // the fault says so
    const bool futile = !vm->serves_atomics(thread.fault_.page_addr);
    vm->put();
    return futile;
}

void Eu::append_runnable(HardwareThread* thread) {
    thread->next_ = nullptr;
    *runnable_end_ = thread;
    runnable_end_ = &thread->next_;
}

void Eu::collect_ready() {
    if (ready_.load(std::memory_order_relaxed) == nullptr) return;
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
    const auto left = [&] { return due - device_.clock().now(); };
    auto something = [&] {
        return ready_.load(std::memory_order_seq_cst) != nullptr ||
               (idle_ != nullptr && active_version_ != dispatches_.version());
    };
    for (unsigned i = 0; i < kReadySpins + kReadyYields || (timed && left() < kWatched); ++i) {
        if (something() || (timed && left().count() <= 0)) return;
        if (i < kReadySpins) {
            cpu_pause();
        } else {
            sched_yield();
        }
    }
    sleeping_.store(1, std::memory_order_seq_cst);
    if (!something()) {
        ++counters_.sleeps;
        if (timed) {
            futex_wait_for(sleeping_, 1, left() - kWatched);
        } else {
            futex_wait(sleeping_, 1);
        }
    }
    sleeping_.store(0, std::memory_order_relaxed);
}

void Eu::wake_if_sleeping() {
    if (sleeping_.load(std::memory_order_seq_cst) == 0) return;
    sleeping_.store(0, std::memory_order_seq_cst);
    futex_wake(sleeping_, 1);
}

std::uint64_t Eu::translate(std::uint64_t va, std::uint64_t size, svm::Access access) {
    const svm::PageTable& table = *running_->dispatch_->page_tables[config_.tile];
    for (;;) {
        if (invalidation_pending()) acknowledge();
        svm::Translation found = table.walk({va});
        if (!found.permits(access)) {
            fault(va, access, false);
            continue;
        }
        const unsigned owner = found.p2p ? modelled_owner(found.host) : Links::kSystem;
        if (owner == Links::kSystem) {
            fill(va, found);
            return found.host;
        }
        // Not in the TLB: the next access takes its time too.
        if (access_foreign(va, size, owner, access)) return found.host;
    }
}

/// The device whose memory that is, when the way there has a speed of its own; else Links::kSystem.
unsigned Eu::modelled_owner(std::uint64_t host) const {
    if (config_.links == nullptr) return Links::kSystem;
    const unsigned owner = config_.links->device_of(reinterpret_cast<const void*>(host));
    if (owner == Links::kSystem || !config_.links->speed(device_.config().index, owner).is_modelled())
        return Links::kSystem;
    return owner;
}

/// True when the access may be made now: its lines are at hand. False when it has waited for them, and translations of
/// before may be old. A write is posted: it waits for its turn on the link alone.
bool Eu::access_foreign(std::uint64_t va, std::uint64_t size, unsigned owner, svm::Access access) {
    HardwareThread& thread = *running_;
    const bool read = access == svm::Access::kRead;
    const svm::Interval lines{svm::VirtAddr{va}.align_down(kLine), svm::VirtAddr{va + size}.align_up(kLine)};
    HardwareThread::Lines& known = read ? thread.foreign_reads_ : thread.foreign_writes_;
    if (std::ranges::any_of(known.last, [&](const svm::Interval& had) { return had.contains(lines); })) return true;
    const unsigned here = device_.config().index;
    const Links::Passage passage =
        config_.links->send(read ? owner : here, read ? here : owner, Bytes{lines.size()}, device_.clock().now());
    known.last[known.turn++ % known.last.size()] = lines;
    thread.due_ = read ? passage.arrived : passage.left;
    thread.to_post_ = false;
    suspend(Outcome::kWait);
    return false;
}

bool Eu::is_own_memory(std::uint64_t address) const {
    const HardwareThread& thread = *running_;
    const Stack& stack = thread.item_ != nullptr ? thread.item_->stack : thread.stack_;
    return stack.contains(address) || thread.dispatch_->image.contains(svm::VirtAddr{address}) ||
           address - reinterpret_cast<std::uint64_t>(thread.local_memory_) < thread.local_capacity_;
}

bool Eu::handle_signal(std::uint64_t address, std::uint64_t instruction, bool write) {
    if (running_ == nullptr || !is_online()) return false;
    bool in_kernel = running_->dispatch_->image.contains(svm::VirtAddr{instruction});
    if (!in_kernel && !user_access_.load(std::memory_order_relaxed)) return false;
    if (is_own_memory(address)) return false;
    HardwareThread& thread = *running_;
    std::uint64_t page = address & ~(svm::kPageSize - 1);
    svm::Access access = write ? svm::Access::kWrite : svm::Access::kRead;
    thread.signal_count_ = thread.signal_page_ == page ? thread.signal_count_ + 1 : 1;
    thread.signal_page_ = page;
    ++counters_.signals;
    bool user_access = user_access_.exchange(false, std::memory_order_relaxed);
    acknowledge();
    if (thread.signal_count_ > kSignalRetries) {
        // The GPU may access it, the CPU may not (a mapping without access, a file that ends before the page).
        thread.fault_.page_addr = {page};
        thread.fault_.access = access;
        thread.err_ = -EFAULT;
        suspend(Outcome::kFailed);
    }
    fault(page, access, true);
    user_access_.store(user_access, std::memory_order_relaxed);
    return true;
}

}  // namespace faultline::gpu
