// fault/contexts/count:<1|2|4>
//
// Constant: 64 MiB that the CPU has written, as 1024 mappings of 64 KiB with as much of nothing after each, shared out
// equally among so many Level Zero contexts, each of which has a GPU address space and a queue of its own; 4
// work-groups of one work-item, shared out as well. All are launched before any is waited for. Cold: each iteration
// maps fresh memory. Latency, faults and bytes: as in the other fault benchmarks, of all contexts together. Cannot
// tell: contexts of several processes, whose memory differs too.
#include <fmt/format.h>

#include "bench/fault/fault_benchmark.h"
#include "bench/harness/toucher.h"

namespace faultline::bench {
namespace {

constexpr Pieces kAll{1024, Bytes{64u << 10}};
constexpr std::uint32_t kGroups = 4;

class Contexts final : public Scenario {
public:
    static Expected<std::unique_ptr<Scenario>> open(device::Session& session, std::uint32_t count) {
        std::unique_ptr<Contexts> contexts(new Contexts(session, count));
        for (std::uint32_t i = 0; i < count; ++i) {
            FL_ASSIGN_OR_RETURN(auto own, device::Session::open(session.device()));
            FL_ASSIGN_OR_RETURN(auto kernel, TouchKernel::create(*own, Access::kRead, contexts->pieces_.count));
            contexts->sessions_.push_back(std::move(own));
            contexts->kernels_.push_back(std::move(kernel));
        }
        return std::unique_ptr<Scenario>(std::move(contexts));
    }

    Expected<Sample> iterate() override {
        std::vector<device::ColdBuffer> buffers;
        for (std::size_t i = 0; i < sessions_.size(); ++i) {
            FL_ASSIGN_OR_RETURN(auto buffer, pieces_.make(device::Touch::kCpuTouched));
            buffers.push_back(std::move(buffer));
        }
        FL_ASSIGN_OR_RETURN(const auto watch, CounterWatch::start(session_));
        const Stopwatch time;
        for (std::size_t i = 0; i < sessions_.size(); ++i) {
            FL_RETURN_IF_ERROR(kernels_[i].launch(sessions_[i]->queue(), buffers[i], sweep_, &sessions_[i]->event()));
        }
        for (const auto& session : sessions_) {
            FL_RETURN_IF_ERROR(session->wait());
        }
        Sample sample;
        sample.seconds = time.seconds();
        FL_ASSIGN_OR_RETURN(auto moved, watch.moved());
        FL_RETURN_IF_ERROR(required(moved, "svm_pagefault_count"));
        sample.bytes = bytes_made_accessible(moved, kAll.total());
        sample.moved = std::move(moved);
        for (std::size_t i = 0; i < sessions_.size(); ++i) {
            device::Session& session = *sessions_[i];
            FL_RETURN_IF_ERROR(session.event().reset());
            FL_RETURN_IF_ERROR(kernels_[i].fetch(session.queue(), session.event()));
            FL_RETURN_IF_ERROR(kernels_[i].verify(buffers[i], sweep_));
            for (const std::uint64_t cycles : kernels_[i].cycles())
                sample.latencies_ns.push_back(session.clock().to_ns(cycles));
        }
        return sample;
    }

private:
    Contexts(device::Session& session, std::uint32_t count)
        : session_(session), pieces_{kAll.count / count, kAll.size}, sweep_(pieces_.sweep(kGroups / count)) {}

    device::Session& session_;
    const Pieces pieces_;
    const Sweep sweep_;
    // In this order: kernels must go before their sessions.
    std::vector<std::unique_ptr<device::Session>> sessions_;
    std::vector<TouchKernel> kernels_;
};

Status add(device::Registration& registration) {
    for (const std::uint32_t count : {1u, 2u, 4u}) {
        ScenarioPlan plan{.name = registration.name().parameter("count", count)};
        plan.note = fmt::format("thp={} mappings=64K", to_string(device::HugePages::kSmall));
        plan.iterations = 6;
        plan.open = [=](device::Session& session) { return Contexts::open(session, count); };
        register_scenario(registration, std::move(plan));
    }
    return {};
}

const device::Family kFamily("fault/contexts", "What do faults of several GPU address spaces cost each other?", add);

}  // namespace
}  // namespace faultline::bench
