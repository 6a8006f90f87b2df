// The one device that a benchmark program uses, opened: context, queue, event, clock, GT counters, and what to call it.
//
// Thread safety: one thread at a time. Ownership: owns its parts; kernels, modules and buffers made on it must go
// first.
#pragma once

#include <memory>
#include <string>

#include "base/expected.h"
#include "device/command_list.h"
#include "device/context.h"
#include "device/device_clock.h"
#include "device/event.h"
#include "device/gt_counters.h"

namespace faultline::device {

class Session {
public:
    static Expected<std::unique_ptr<Session>> open(const Device& device);

    const Device& device() const { return context_.device(); }
    const Context& context() const { return context_; }
    CommandList& queue() { return queue_; }
    const Event& event() const { return event_; }
    const DeviceClock& clock() const { return clock_; }

    /// GT counters now. The error, when they cannot be read, says why; then no fault may be reported.
    Expected<GtCounters> gt_counters() const;

    /// What the driver says it runs: policy and model of a reference; "kernel" and "hardware" on a real device.
    const std::string& policy() const { return policy_; }
    const std::string& model() const { return model_; }
    /// The model's figures, "key=value" words; empty on a real device.
    const std::string& model_figures() const { return model_figures_; }
    /// How the address space is watched; "kernel" on a real device.
    const std::string& monitor() const { return monitor_; }
    /// "<kind> policy=<policy> model=<model>"
    std::string label() const;

    /// Waits until event() is signalled; the error is explain()ed.
    Status wait() const;

    /// `error`, with what the driver has to say about a lost context (address and access) added.
    Error explain(Error error) const;

private:
    Session(Context context, CommandList queue, Event event, DeviceClock clock,
            Expected<std::unique_ptr<GtCounterSource>> counters)
        : context_(std::move(context)),
          queue_(std::move(queue)),
          event_(std::move(event)),
          clock_(clock),
          counters_(std::move(counters)) {}

    // In this order: queue and event must go before the context.
    Context context_;
    CommandList queue_;
    Event event_;
    DeviceClock clock_;
    Expected<std::unique_ptr<GtCounterSource>> counters_;
    std::string policy_ = "kernel";
    std::string model_ = "hardware";
    std::string model_figures_;
    std::string monitor_ = "kernel";
};

}  // namespace faultline::device
