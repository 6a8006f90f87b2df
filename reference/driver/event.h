// Events and their pools.
//
// An event is signaled or not, and remembers when the command that signaled it started and ended. Thread safety: every
// function may be called from any thread. Ownership: an Event belongs to its handle; commands refer to it, and the
// application keeps it until they have completed.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <utility>

#include "reference/driver/context.h"

namespace faultline::driver {

/// Device clock ticks around one command.
struct CommandTime {
    std::uint64_t start = 0;
    std::uint64_t end = 0;
};

struct EventPool : ArenaObject {
    std::shared_ptr<Context> context;
    std::uint32_t count = 0;
    bool timestamps = false;  ///< made with ZE_EVENT_POOL_FLAG_KERNEL_TIMESTAMP
};

class Event : public ArenaObject {
public:
    explicit Event(const EventPool& pool) : context_(pool.context), timestamps_(pool.timestamps) {}

    bool signaled() const { return signaled_.load(std::memory_order_acquire); }
    bool timestamps() const { return timestamps_; }
    /// REQUIRES: signaled().
    CommandTime time() const { return {start_.load(std::memory_order_relaxed), end_.load(std::memory_order_relaxed)}; }
    Context& context() { return *context_; }

    /// Signals without waking: whoever signals calls Context::progressed() after it, on a context of its own, because
    /// the application may destroy the event as soon as it is signaled.
    void signal(CommandTime time) {
        // Times before the flag, and the flag by release: who sees the event signaled reads its times.
        start_.store(time.start, std::memory_order_relaxed);
        end_.store(time.end, std::memory_order_relaxed);
        signaled_.store(true, std::memory_order_release);
    }
    void reset() { signaled_.store(false, std::memory_order_release); }

private:
    const std::shared_ptr<Context> context_;
    const bool timestamps_;
    std::atomic<bool> signaled_{false};
    std::atomic<std::uint64_t> start_{0};
    std::atomic<std::uint64_t> end_{0};
};

/// As zeEventQueryKernelTimestamp reports it: there is no preemption, so context time is global time.
inline ze_kernel_timestamp_result_t timestamp_result(CommandTime time) {
    return {.global = {time.start, time.end}, .context = {time.start, time.end}};
}

}  // namespace faultline::driver
