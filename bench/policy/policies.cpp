// policy/faults/<policy>    8 work-groups at once, each access in a 64 KiB range of its own
// policy/storm/<policy>     as many work-groups as the device has hardware threads, all in one page of a cold range
// policy/prefetch/<policy>  one prefetch of 32 MiB in one mapping, ranges of 2 MiB
//
// <policy>: every preset that the driver has, and xe-7.0 with one knob changed. Each iteration measures xe-7.0 and then
// the policy, in one process and on fresh memory, so that `speedup` is a ratio of neighbours: the median over the
// iterations, with the smallest and the largest beside it. Constant: the memory, which the CPU has written (for
// faults and storms 64 pieces of 64 KiB with as much of nothing after each; small pages), and the kernels.
// Meant for a device model whose copy engines, not the CPU, set migration time (slow-copy): on one that is as fast as
// the host, what runs at once waits for processors. Cold: each measurement maps fresh memory.
// Cannot tell: what a policy does on hardware. A policy is chosen through the reference's extension; to compare Xe
// kernels, run the other benchmarks under each.
#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <optional>

#include "bench/harness/touch_kernel.h"
#include "device/cold_buffer.h"
#include "device/family.h"

namespace faultline::bench {
namespace {

using benchmark::Counter;
using device::ColdBuffer;
using device::GtCounters;

constexpr const char* kBaseline = "xe-7.0";
constexpr Bytes kPiece{64u << 10};
constexpr std::uint32_t kPieces = 64;
constexpr std::uint32_t kConcurrentFaults = 8;
constexpr std::uint32_t kStorms = 16;
constexpr Bytes kPrefetched{32u << 20};

/// What the device is given to do.
enum class Load { kFaults, kStorm, kPrefetch };

struct Measurement {
    double seconds = 0;
    std::uint64_t accesses = 0;
    GtCounters moved;
};

/// Faults that the hardware reported, and how many of them were served one by one.
std::uint64_t served(const GtCounters& moved) { return moved.value("svm_pagefault_count").value_or(0); }
std::uint64_t received(const GtCounters& moved) {
    return served(moved) + moved.value("chain_pagefault_count").value_or(0) -
           moved.value("chain_mismatch_pagefault_count").value_or(0) + moved.value("last_pagefault_count").value_or(0);
}

/// A context under one policy, and what it takes to measure on it. The driver's policy is that of the last measure().
class PolicyContext {
public:
    static Expected<std::unique_ptr<PolicyContext>> open(const device::Device& device, const std::string& policy,
                                                         Load load) {
        auto context = std::unique_ptr<PolicyContext>(new PolicyContext(device, policy, load));
        FL_RETURN_IF_ERROR(device.extension->set_policy(policy));
        FL_ASSIGN_OR_RETURN(context->session_, device::Session::open(device));
        const std::uint32_t threads = device.hardware_threads();
        for (std::uint32_t i = 0; i < (load == Load::kStorm ? kStorms : 1); ++i)
            context->sweeps_.push_back(load == Load::kStorm ? Sweep{.offset = i * 2 * kPiece.count,
                                                                    .pitch = sizeof(std::uint32_t),
                                                                    .accesses = threads,
                                                                    .groups = threads,
                                                                    .first_result = i * threads}
                                                            : Sweep{.offset = 0,
                                                                    .pitch = 2 * kPiece.count,
                                                                    .accesses = kPieces,
                                                                    .groups = kConcurrentFaults,
                                                                    .first_result = 0});
        const std::size_t capacity = load == Load::kStorm ? std::size_t{kStorms} * threads : kPieces;
        FL_ASSIGN_OR_RETURN(context->kernel_, TouchKernel::create(*context->session_, Access::kRead, capacity));
        return context;
    }

    Expected<Measurement> measure() {
        FL_RETURN_IF_ERROR(device_.extension->set_policy(policy_));
        FL_ASSIGN_OR_RETURN(ColdBuffer buffer,
                            load_ == Load::kPrefetch
                                ? ColdBuffer::create(kPrefetched, device::Touch::kCpuTouched, device::HugePages::kSmall)
                                : ColdBuffer::create_pieces(kPieces, kPiece, device::Touch::kCpuTouched));
        FL_ASSIGN_OR_RETURN(GtCounters before, session_->gt_counters());
        const auto start = std::chrono::steady_clock::now();
        FL_RETURN_IF_ERROR(submit(buffer));
        FL_RETURN_IF_ERROR(session_->wait());
        const auto end = std::chrono::steady_clock::now();
        FL_ASSIGN_OR_RETURN(GtCounters after, session_->gt_counters());
        FL_RETURN_IF_ERROR(session_->event().reset());
        FL_RETURN_IF_ERROR(verify(buffer));
        FL_ASSIGN_OR_RETURN(GtCounters moved, after.since(before));
        Measurement taken;
        taken.seconds = std::chrono::duration<double>(end - start).count();
        for (const Sweep& sweep : sweeps_) taken.accesses += sweep.accesses;
        taken.moved = std::move(moved);
        return taken;
    }

    const device::Session& session() const { return *session_; }

private:
    PolicyContext(const device::Device& device, std::string policy, Load load)
        : device_(device), policy_(std::move(policy)), load_(load) {}

    Status submit(const ColdBuffer& buffer) {
        device::CommandList& queue = session_->queue();
        if (load_ == Load::kPrefetch) {
            FL_RETURN_IF_ERROR(queue.prefetch(buffer.data(), buffer.size()));
            return queue.barrier(&session_->event());
        }
        for (std::size_t i = 0; i < sweeps_.size(); ++i) {
            const bool last = i + 1 == sweeps_.size();
            if (i > 0) {
                FL_RETURN_IF_ERROR(queue.barrier());
            }
            FL_RETURN_IF_ERROR(kernel_->launch(queue, buffer, sweeps_[i], last ? &session_->event() : nullptr));
        }
        return {};
    }

    /// Data where the GPU read, placement where it was prefetched.
    Status verify(const ColdBuffer& buffer) {
        if (load_ != Load::kPrefetch) {
            FL_RETURN_IF_ERROR(kernel_->fetch(session_->queue(), session_->event()));
            for (const Sweep& sweep : sweeps_) FL_RETURN_IF_ERROR(kernel_->verify(buffer, sweep));
            return {};
        }
        FL_ASSIGN_OR_RETURN(const auto where, device_.extension->residency(buffer.data(), buffer.size().count / 4096));
        const auto left = std::count(where.begin(), where.end(), FAULTLINE_RESIDENCY_SYSTEM);
        // 4K ranges do not migrate under 7.0.
        const bool stays = policy_.find("chunks=4K") != std::string::npos;
        if (stays == (left != 0)) return {};
        return Error{ErrorKind::kDevice,
                     fmt::format("{} of {} prefetched pages are in system memory", left, where.size())};
    }

    const device::Device& device_;
    const std::string policy_;
    const Load load_;
    std::unique_ptr<device::Session> session_;
    std::vector<Sweep> sweeps_;
    std::optional<TouchKernel> kernel_;
};

double median(std::vector<double> values) {
    std::nth_element(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2), values.end());
    return values[values.size() / 2];
}

void compare(benchmark::State& state, const device::Device& device, Load load, const std::string& policy) {
    const Expected<std::string> original = device.extension->text(device.handle, FAULTLINE_TEXT_POLICY);
    if (!original) return state.SkipWithError(original.error().message.c_str());
    auto baseline = PolicyContext::open(device, kBaseline, load);
    if (!baseline) return state.SkipWithError(baseline.error().message.c_str());
    auto changed = PolicyContext::open(device, policy, load);
    if (!changed) return state.SkipWithError(changed.error().message.c_str());

    std::vector<double> speedups;
    std::uint64_t accesses = 0;
    GtCounters moved;
    for (auto _ : state) {
        const Expected<Measurement> plain = (*baseline)->measure();
        const Expected<Measurement> other = plain ? (*changed)->measure() : plain;
        if (!other) return state.SkipWithError(other.error().message.c_str());
        state.SetIterationTime(other->seconds);
        speedups.push_back(plain->seconds / other->seconds);
        accesses += other->accesses;
        moved.add(other->moved);
    }
    if (Status s = device.extension->set_policy(*original); !s) return state.SkipWithError(s.error().message.c_str());

    state.counters["speedup"] = median(speedups);
    state.counters["speedup_min"] = *std::min_element(speedups.begin(), speedups.end());
    state.counters["speedup_max"] = *std::max_element(speedups.begin(), speedups.end());
    if (load == Load::kPrefetch) {
        state.SetBytesProcessed(static_cast<std::int64_t>(kPrefetched.count * speedups.size()));
    } else {
        state.counters["accesses_per_second"] = Counter(static_cast<double>(accesses), Counter::kIsRate);
        state.counters["faults_per_second"] = Counter(static_cast<double>(received(moved)), Counter::kIsRate);
        state.counters["received_per_served"] =
            static_cast<double>(received(moved)) / static_cast<double>(std::max<std::uint64_t>(1, served(moved)));
    }
    for (const GtCounters::Counter& c : moved.all())
        if (c.value != 0)
            state.counters["gt." + c.name] = Counter(static_cast<double>(c.value), Counter::kAvgIterations);
    state.SetLabel((*changed)->session().label());
}

/// On a device whose policy cannot be chosen nothing: an Xe kernel's policy is the kernel.
template <Load load>
Status add(device::Registration& registration) {
    const device::Device* device = registration.device();
    if (device == nullptr || !device->extension) return {};
    for (const auto& [which, prefix] :
         {std::pair(FAULTLINE_TEXT_PRESETS, ""), {FAULTLINE_TEXT_VARIATIONS, "xe-7.0,"}}) {
        FL_ASSIGN_OR_RETURN(const auto lines, device->extension->lines(device->handle, which));
        for (const std::string& line : lines) {
            const std::string policy = prefix + line;
            registration.add(registration.name().word(policy),
                             [=](benchmark::State& state) { compare(state, *device, load, policy); });
        }
    }
    return {};
}

const device::Family kFamilies[] = {
    {"policy/faults", "What does a policy do to the throughput of 8 faults at once?", add<Load::kFaults>},
    {"policy/storm", "What does a policy do when every hardware thread faults on one page?", add<Load::kStorm>},
    {"policy/prefetch", "What does a policy do to the throughput of prefetch?", add<Load::kPrefetch>},
};

}  // namespace
}  // namespace faultline::bench
