// baseline/warm_access/<malloc_device|malloc_system|usm_device|usm_shared|usm_host>
//
// Constant: 16 MiB, small pages where it is malloc memory; one work-item follows a chain of 4096 dependent reads
// through it, in cache lines far apart. Warm: a kernel has laid the chain, and the same walk has been made once; a
// fault during a measured one is an error. Latency: of each read by the device's clock, whose own cost is in it. Where
// malloc memory is, is asserted. Data: where the chain ends. Cannot tell: caches from memory (4096 lines fit in most),
// nor TLB hits from misses.
#include "bench/baseline/warm_memory.h"
#include "bench/harness/toucher.h"
#include "bench/harness/warm.h"

namespace faultline::bench {
namespace {

constexpr Bytes kSize{16u << 20};

class WarmAccess final : public Scenario {
public:
    WarmAccess(device::Session& session, std::unique_ptr<WarmMemory> memory, WarmChase chase)
        : session_(session), memory_(std::move(memory)), chase_(std::move(chase)) {}

    Expected<Sample> iterate() override {
        Sample sample;
        const auto pass = [&]() -> Status {
            FL_ASSIGN_OR_RETURN(sample.latencies_ns, chase_.steps_ns(memory_->data(), kSize, &sample.seconds));
            return {};
        };
        FL_ASSIGN_OR_RETURN(sample.moved, without_faults(session_, pass));
        FL_RETURN_IF_ERROR(memory_->check(session_.device()));
        return sample;
    }

private:
    device::Session& session_;
    std::unique_ptr<WarmMemory> memory_;
    WarmChase chase_;
};

Expected<std::unique_ptr<Scenario>> open(device::Session& session, MemoryKind kind) {
    FL_ASSIGN_OR_RETURN(auto memory, WarmMemory::create(session, kind, kSize));
    FL_ASSIGN_OR_RETURN(auto chase, WarmChase::create(session));
    FL_RETURN_IF_ERROR(chase.fill(memory->data(), kSize));
    FL_RETURN_IF_ERROR(chase.steps_ns(memory->data(), kSize, nullptr));
    return std::unique_ptr<Scenario>(new WarmAccess(session, std::move(memory), std::move(chase)));
}

Status add(device::Registration& registration) {
    for (const MemoryKind kind : kMemoryKinds) {
        ScenarioPlan plan{.name = registration.name().word(to_string(kind))};
        plan.iterations = 16;
        plan.open = [=](device::Session& session) { return open(session, kind); };
        register_scenario(registration, std::move(plan));
    }
    return {};
}

const device::Family kFamily("baseline/warm_access",
                             "What does one access cost that does not fault, by the kind of memory?", add);

}  // namespace
}  // namespace faultline::bench
