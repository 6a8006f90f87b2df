// Accesses of the running work-group that its TLB does not answer: walks, faults, foreign memory, what the CPU refused.
//
// All of it runs on the work-group's stack; suspend() is how it steps aside, and eu_wait.cpp what becomes of it then.
#include <algorithm>
#include <cerrno>

#include "reference/gpu/eu.h"

namespace faultline::gpu {
namespace {

constexpr unsigned kSignalRetries = 64;
// What an access to another device's memory brings.
constexpr std::uint64_t kLine = 64;

}  // namespace

void Eu::suspend(Outcome outcome) {
    outcome_ = outcome;
    // The scheduler goes on from where it last switched, which is another place each time.
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

std::uint64_t Eu::translate(std::uint64_t va, std::uint64_t size, svm::Access access) {
    const svm::PageTable& table = *running_->dispatch_->page_tables[config_.tile];
    // From the walk anew after each fault, as hardware makes the access again: between the service and this
    // work-group's turn the page may have been taken away. Acknowledged before the walk, never between walk and use:
    // after the ack the invalidator takes it that nobody uses a translation of before.
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
    if (owner == Links::kSystem || !config_.links->is_modelled(device_.config().index, owner)) return Links::kSystem;
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
    // While this one waits the EU runs other work-groups, whose own bad accesses must not pass for a runtime copy.
    // Relaxed: the flag is read on this thread alone.
    bool user_access = user_access_.exchange(false, std::memory_order_relaxed);
    // The TLB holds a translation to a page that the CPU no longer has. Emptied, so that later accesses walk.
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
