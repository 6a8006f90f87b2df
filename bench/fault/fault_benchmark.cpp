#include "bench/fault/fault_benchmark.h"

#include <algorithm>

#include "bench/harness/toucher.h"

namespace faultline::bench {
namespace {

using device::ColdBuffer;
using device::GtCounters;

class FaultScenario final : public Scenario {
public:
    FaultScenario(device::Session& session, FaultPlan plan, Toucher toucher, std::shared_ptr<void> surroundings)
        : session_(session),
          plan_(std::move(plan)),
          toucher_(std::move(toucher)),
          surroundings_(std::move(surroundings)) {}

    Expected<Sample> iterate() override {
        FL_ASSIGN_OR_RETURN(ColdBuffer buffer, plan_.make_cold(session_));
        FL_ASSIGN_OR_RETURN(const auto watch, CounterWatch::start(session_));
        Sample sample;
        FL_ASSIGN_OR_RETURN(sample.seconds, toucher_.run(buffer, plan_.sweeps));
        FL_ASSIGN_OR_RETURN(sample.moved, watch.moved());
        FL_RETURN_IF_ERROR(required(sample.moved, "svm_pagefault_count"));
        FL_ASSIGN_OR_RETURN(sample.latencies_ns, toucher_.check(buffer, plan_.sweeps));
        sample.bytes = bytes_made_accessible(sample.moved, buffer.size());
        return sample;
    }

private:
    device::Session& session_;
    const FaultPlan plan_;
    Toucher toucher_;
    const std::shared_ptr<void> surroundings_;
};

}  // namespace

void register_fault_benchmark(device::Registration& registration, FaultPlan plan) {
    ScenarioPlan scenario{.name = plan.name};
    scenario.note = plan.memory;
    scenario.iterations = plan.iterations;
    scenario.open = [plan](device::Session& session) -> Expected<std::unique_ptr<Scenario>> {
        std::size_t accesses = 0;
        for (const Sweep& sweep : plan.sweeps) accesses += sweep.accesses;
        FL_ASSIGN_OR_RETURN(auto toucher, Toucher::create(session, plan.access, accesses));
        std::shared_ptr<void> surroundings;
        if (plan.make_surroundings) {
            FL_ASSIGN_OR_RETURN(surroundings, plan.make_surroundings());
        }
        return std::unique_ptr<Scenario>(new FaultScenario(session, plan, std::move(toucher), std::move(surroundings)));
    };
    register_scenario(registration, std::move(scenario));
}

std::vector<std::uint32_t> thread_counts(unsigned hardware_threads) {
    std::vector<std::uint32_t> counts;
    for (std::uint32_t n = 1; n < hardware_threads; n *= 2) counts.push_back(n);
    counts.push_back(hardware_threads);
    return counts;
}

Bytes bytes_made_accessible(const GtCounters& delta, Bytes at_most) {
    std::uint64_t bytes = 0;
    for (const Bytes size : {Bytes{4u << 10}, Bytes{64u << 10}, Bytes{2u << 20}}) {
        const std::string prefix = "svm_" + size_name(size);
        const std::uint64_t faults = delta.value(prefix + "_pagefault_count").value_or(0);
        const std::uint64_t valid = delta.value(prefix + "_valid_pagefault_count").value_or(0);
        bytes += (faults - std::min(faults, valid)) * size.count;
    }
    return std::min(Bytes{bytes}, at_most);
}

}  // namespace faultline::bench
