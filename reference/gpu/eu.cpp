#include "reference/gpu/eu.h"

#include <cerrno>
#include <new>
#include <utility>

#include "reference/svm/core/arena.h"

namespace faultline::gpu {
namespace {

// Initial-exec: the signal handler reads it, and a first access through __tls_get_addr could allocate.
__attribute__((tls_model("initial-exec"))) thread_local Eu* t_current = nullptr;

}  // namespace

// -- HardwareThread ---------------------------------------------------------------------------------------------------

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

// -- Eu: life of the task ---------------------------------------------------------------------------------------------

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
    // It runs, but may sleep until an ack: with a hardware thread to spare it can begin the new work now.
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
            // A launch lists its dispatch under the list's lock and then calls begin(). Either begin() comes after this
            // store, and starts the task anew; or the dispatch was listed before, and any_unclaimed() finds it.
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
    // Online from here to the switch back, and no longer: an invalidator never waits for the EU's own bookkeeping.
    go_online();
    // Tags hold no ASID: another address space starts with an empty TLB.
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
    // Last: the launch that waits for it may let the record go at once.
    std::exchange(thread.dispatch_, nullptr)->complete();
    thread.next_ = idle_;
    idle_ = &thread;
    --resident_;
}

}  // namespace faultline::gpu
