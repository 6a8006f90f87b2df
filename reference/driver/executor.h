// What executes commands: one thread per command queue or immediate list, in order.
//
// Thread safety: every function may be called from any thread. Ownership: shares the context; owns the thread, which
// the destructor stops after the command under way (the application destroys a queue only when it is idle).
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <vector>

#include "reference/driver/command.h"
#include "reference/driver/fence.h"
#include "reference/svm/core/service_thread.h"

namespace faultline::driver {

class Executor : public ArenaObject {
public:
    /// Null when no thread can be had.
    static std::unique_ptr<Executor> create(std::shared_ptr<Context> context, Device& device);
    ~Executor();

    Context& context() { return *context_; }

    /// Queues the sequences, and the fence (may be null) after them.
    void submit(std::vector<std::shared_ptr<const CommandSequence>> sequences, Fence* fence);
    /// Waits for everything submitted before the call: SUCCESS, NOT_READY after the timeout, DEVICE_LOST.
    ze_result_t synchronize(std::uint64_t timeout_ns);

private:
    struct Batch {
        std::vector<std::shared_ptr<const CommandSequence>> sequences;
        Fence* fence = nullptr;
    };

    Executor(std::shared_ptr<Context> context, Device& device) : context_(std::move(context)), device_(device) {}
    void loop();
    void execute(const Batch& batch);
    bool execute(const Command& command);
    bool halted() const { return context_->lost() || stop_.load(); }

    const std::shared_ptr<Context> context_;
    Device& device_;
    std::mutex mutex_;
    std::condition_variable work_;
    std::deque<Batch> queue_;  // guarded by mutex_
    std::atomic<bool> stop_{false};
    std::atomic<std::uint64_t> submitted_{0};
    std::atomic<std::uint64_t> completed_{0};
    svm::ServiceThread thread_;  // its stack never migrates: commands keep what they copy on it
};

}  // namespace faultline::driver
