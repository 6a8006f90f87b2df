#include "reference/driver/executor.h"

#include <algorithm>
#include <csignal>

#include "reference/driver/device.h"

namespace faultline::driver {

std::unique_ptr<Executor> Executor::create(std::shared_ptr<Context> context, Device& device) {
    auto executor = std::unique_ptr<Executor>(new Executor(std::move(context), device));
    const auto body = [](void* self) { static_cast<Executor*>(self)->loop(); };
    if (executor->thread_.start("ze-queue", body, executor.get()) != 0) return nullptr;
    return executor;
}

Executor::~Executor() {
    {
        // Under the mutex, so that the loop is before its look at the flag or asleep, never between.
        const std::lock_guard lock(mutex_);
        stop_.store(true);
    }
    work_.notify_all();
    context_->progressed();  // the loop may wait for an event instead
    thread_.join();
}

void Executor::submit(std::vector<std::shared_ptr<const CommandSequence>> sequences, Fence* fence) {
    {
        const std::lock_guard lock(mutex_);
        queue_.push_back({std::move(sequences), fence});
        // Before the loop can complete it: completed_ never overtakes submitted_.
        submitted_.fetch_add(1);
    }
    work_.notify_one();  // without the mutex, which the loop needs to wake
}

ze_result_t Executor::synchronize(std::uint64_t timeout_ns) {
    const std::uint64_t target = submitted_.load();
    const bool done = context_->wait(timeout_ns, [&] { return completed_.load() >= target || context_->lost(); });
    if (context_->lost()) return ZE_RESULT_ERROR_DEVICE_LOST;
    return done ? ZE_RESULT_SUCCESS : ZE_RESULT_NOT_READY;
}

void Executor::loop() {
    // A service thread blocks all signals; those of a copy from a bad address must reach the device's handler.
    sigset_t faults;
    sigemptyset(&faults);
    sigaddset(&faults, SIGSEGV);
    sigaddset(&faults, SIGBUS);
    pthread_sigmask(SIG_UNBLOCK, &faults, nullptr);
    for (;;) {
        Batch batch;
        {
            std::unique_lock lock(mutex_);
            work_.wait(lock, [&] { return stop_.load() || !queue_.empty(); });
            if (stop_.load()) return;
            batch = std::move(queue_.front());
            queue_.pop_front();
        }
        execute(batch);  // without the mutex: submit() never waits for a command
        completed_.fetch_add(1);
        context_->progressed();
    }
}

void Executor::execute(const Batch& batch) {
    for (const auto& sequence : batch.sequences) {
        for (const Command& command : *sequence) {
            if (!execute(command)) return;
        }
    }
    if (batch.fence != nullptr) batch.fence->signal();
}

// False when nothing more is to be executed: the context is lost, or the queue is being destroyed.
bool Executor::execute(const Command& command) {
    const auto waited = [&] {
        return std::all_of(command.waits.begin(), command.waits.end(), [](const Event* e) { return e->signaled(); });
    };
    // By the context's progress: events are signaled by other queues and by the host, and may never be.
    context_->wait(kForever, [&] { return halted() || waited(); });
    if (halted()) return false;
    CommandTime time;
    std::string why = run(command.action, {*context_, device_}, &time);
    if (!why.empty()) {
        context_->lose(device_, std::move(why));
        return false;
    }
    if (command.signal != nullptr) {
        command.signal->signal(time);
        context_->progressed();
    }
    return true;
}

}  // namespace faultline::driver
