// A command queue: an executor with a group and a mode.
//
// Thread safety: every function may be called from any thread. Ownership: owns its executor.
#pragma once

#include <memory>
#include <utility>

#include "reference/driver/device.h"
#include "reference/driver/executor.h"

namespace faultline::driver {

class CommandQueue : public ArenaObject {
public:
    CommandQueue(std::unique_ptr<Executor> executor, QueueGroup group, bool synchronous)
        : executor_(std::move(executor)), group_(group), synchronous_(synchronous) {}

    Context& context() { return executor_->context(); }
    Executor& executor() { return *executor_; }
    QueueGroup group() const { return group_; }
    bool synchronous() const { return synchronous_; }

private:
    const std::unique_ptr<Executor> executor_;
    const QueueGroup group_;
    const bool synchronous_;
};

/// Checks a queue descriptor, and makes the queue's executor.
ze_result_t open_queue(Context& context, Device& device, const ze_command_queue_desc_t& desc,
                       std::unique_ptr<CommandQueue>* out);

}  // namespace faultline::driver
