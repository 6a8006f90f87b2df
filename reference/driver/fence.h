// A fence of a command queue: signaled when the lists that were executed with it have completed.
//
// Thread safety: every function may be called from any thread. Ownership: belongs to its handle; the queue refers to it
// until it has signaled it.
#pragma once

#include <atomic>
#include <memory>
#include <utility>

#include "reference/driver/context.h"

namespace faultline::driver {

class Fence : public ArenaObject {
public:
    Fence(std::shared_ptr<Context> context, bool signaled) : context_(std::move(context)), signaled_(signaled) {}

    bool signaled() const { return signaled_.load(std::memory_order_acquire); }
    /// As Event::signal(): the caller wakes the waiters.
    void signal() { signaled_.store(true, std::memory_order_release); }
    void reset() { signaled_.store(false, std::memory_order_release); }
    Context& context() { return *context_; }

private:
    const std::shared_ptr<Context> context_;
    std::atomic<bool> signaled_;
};

}  // namespace faultline::driver
