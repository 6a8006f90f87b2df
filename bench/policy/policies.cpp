// Question: what does each policy of the kernel, and each knob of one alone, do to the throughput of faults, to a storm
// of them, and to prefetch?
//
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
#include "bench/policy/families.h"
#include "device/cold_buffer.h"

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

enum class Scenario { kFaults, kStorm, kPrefetch };

const char* to_string(Scenario scenario) {
    switch (scenario) {
        case Scenario::kFaults:
            return "faults";
        case Scenario::kStorm:
            return "storm";
        case Scenario::kPrefetch:
            break;
    }
    return "prefetch";
}

struct Sample {
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
class Arm {
public:
    static Expected<std::unique_ptr<Arm>> open(const device::Device& device, const std::string& policy,
                                               Scenario scenario) {
        auto arm = std::unique_ptr<Arm>(new Arm(device, policy, scenario));
        FL_RETURN_IF_ERROR(device.extension->set_policy(policy));
        FL_ASSIGN_OR_RETURN(arm->session_, device::Session::open(device));
        const std::uint32_t threads = device.hardware_threads();
        for (std::uint32_t i = 0; i < (scenario == Scenario::kStorm ? kStorms : 1); ++i)
            arm->sweeps_.push_back(scenario == Scenario::kStorm ? Sweep{.offset = i * 2 * kPiece.count,
                                                                        .pitch = sizeof(std::uint32_t),
                                                                        .accesses = threads,
                                                                        .groups = threads,
                                                                        .first_result = i * threads}
                                                                : Sweep{.offset = 0,
                                                                        .pitch = 2 * kPiece.count,
                                                                        .accesses = kPieces,
                                                                        .groups = kConcurrentFaults,
                                                                        .first_result = 0});
        const std::size_t capacity = scenario == Scenario::kStorm ? std::size_t{kStorms} * threads : kPieces;
        FL_ASSIGN_OR_RETURN(arm->kernel_, TouchKernel::create(*arm->session_, Access::kRead, capacity));
        return arm;
    }

    Expected<Sample> measure() {
        FL_RETURN_IF_ERROR(device_.extension->set_policy(policy_));
        FL_ASSIGN_OR_RETURN(ColdBuffer buffer,
                            scenario_ == Scenario::kPrefetch
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
        Sample sample;
        sample.seconds = std::chrono::duration<double>(end - start).count();
        for (const Sweep& sweep : sweeps_) sample.accesses += sweep.accesses;
        sample.moved = std::move(moved);
        return sample;
    }

    const device::Session& session() const { return *session_; }

private:
    Arm(const device::Device& device, std::string policy, Scenario scenario)
        : device_(device), policy_(std::move(policy)), scenario_(scenario) {}

    Status submit(const ColdBuffer& buffer) {
        device::CommandList& queue = session_->queue();
        if (scenario_ == Scenario::kPrefetch) {
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
        if (scenario_ != Scenario::kPrefetch) {
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
    const Scenario scenario_;
    std::unique_ptr<device::Session> session_;
    std::vector<Sweep> sweeps_;
    std::optional<TouchKernel> kernel_;
};

double median(std::vector<double> values) {
    std::nth_element(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2), values.end());
    return values[values.size() / 2];
}

void compare(benchmark::State& state, const device::Device& device, Scenario scenario, const std::string& policy) {
    const Expected<std::string> original = device.extension->text(device.handle, FAULTLINE_TEXT_POLICY);
    if (!original) return state.SkipWithError(original.error().message.c_str());
    auto baseline = Arm::open(device, kBaseline, scenario);
    if (!baseline) return state.SkipWithError(baseline.error().message.c_str());
    auto changed = Arm::open(device, policy, scenario);
    if (!changed) return state.SkipWithError(changed.error().message.c_str());

    std::vector<double> speedups;
    std::uint64_t accesses = 0;
    GtCounters moved;
    for (auto _ : state) {
        const Expected<Sample> plain = (*baseline)->measure();
        const Expected<Sample> other = plain ? (*changed)->measure() : plain;
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
    if (scenario == Scenario::kPrefetch) {
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

}  // namespace

Status register_policies(const device::Registration& registration) {
    const device::Device* device = registration.device;
    if (device == nullptr || !device->extension) return {};
    std::vector<std::string> policies;
    for (const auto& [which, prefix] :
         {std::pair(FAULTLINE_TEXT_PRESETS, ""), {FAULTLINE_TEXT_VARIATIONS, "xe-7.0,"}}) {
        FL_ASSIGN_OR_RETURN(const auto lines, device->extension->lines(device->handle, which));
        for (const std::string& line : lines) policies.push_back(prefix + line);
    }
    for (const Scenario scenario : {Scenario::kFaults, Scenario::kStorm, Scenario::kPrefetch}) {
        for (const std::string& policy : policies) {
            const std::string name = fmt::format("policy/{}/{}", to_string(scenario), policy);
            benchmark::RegisterBenchmark(name.c_str(), [=](benchmark::State& state) {
                compare(state, *device, scenario, policy);
            })->UseManualTime();
        }
    }
    return {};
}

}  // namespace faultline::bench
