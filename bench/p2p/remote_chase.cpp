// p2p/remote_chase/<one|both>/from:<n>/to:<m>
//
// What is read goes from the peer to the worker.
// Constant: one mapping of 16 MiB, small pages, in which a kernel on the peer has laid a chain; the worker is advised
// to leave it there, and that it is there is asserted before and after each walk. One work-item on the worker follows
// the chain for 4096 dependent reads, in cache lines far apart. Warm: the same walk has been made once. both: each of
// the two devices follows such a chain through the other's memory at the same time. faults must be 0. Latency: of each
// read by its worker's clock, whose own cost is in it. Data: where the chain ends. Cannot tell: how much of it is the
// link: compare with baseline/warm_access.
#include "bench/harness/warm.h"
#include "bench/p2p/lanes.h"
#include "bench/p2p/remote_memory.h"

namespace faultline::bench {
namespace {

constexpr Bytes kSize{16u << 20};

class RemoteChase final : public Lane {
public:
    RemoteChase(std::unique_ptr<RemoteMemory> memory, WarmChase chase)
        : memory_(std::move(memory)), chase_(std::move(chase)) {}

    static Expected<std::unique_ptr<Lane>> open(device::Session& worker, device::Session& peer) {
        FL_ASSIGN_OR_RETURN(auto memory, RemoteMemory::create(worker, peer, kSize));
        FL_ASSIGN_OR_RETURN(auto on_peer, WarmChase::create(peer));
        FL_RETURN_IF_ERROR(on_peer.fill(memory->data(), kSize));
        FL_ASSIGN_OR_RETURN(auto chase, WarmChase::create(worker));
        FL_RETURN_IF_ERROR(chase.steps_ns(memory->data(), kSize, nullptr));
        return std::unique_ptr<Lane>(new RemoteChase(std::move(memory), std::move(chase)));
    }

    Status prepare() override { return memory_->check(); }

    Status work() override {
        FL_ASSIGN_OR_RETURN(latencies_ns_, chase_.steps_ns(memory_->data(), kSize, nullptr));
        return {};
    }

    Expected<Sample> finish() override {
        FL_RETURN_IF_ERROR(memory_->check());
        Sample sample;
        sample.latencies_ns = std::move(latencies_ns_);
        return sample;
    }

private:
    std::unique_ptr<RemoteMemory> memory_;
    WarmChase chase_;
    std::vector<std::uint64_t> latencies_ns_;
};

Status add(device::Registration& registration) {
    LanePlan plan{.name = registration.name()};
    plan.note = "thp=small";
    plan.open = RemoteChase::open;
    plan.warm = true;
    return register_lanes(registration, plan);
}

const device::Family kFamily("p2p/remote_chase", "What does one read cost of memory that stays with another device?",
                             add);

}  // namespace
}  // namespace faultline::bench
