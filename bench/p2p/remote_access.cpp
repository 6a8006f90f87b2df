// p2p/remote_access/<read|write>/<one|both>/from:<n>/to:<m>
//
// Constant: one mapping of 16 MiB, small pages, which a kernel on the peer has written; the worker is advised to leave
// it there (zeCommandListAppendMemAdvise). That it is there is asserted before and after each pass. Warm: the worker
// has read all of it once, so that it is mapped. As many work-groups of 64 work-items as four for each EU take 64-bit
// words next to each other. What is read goes from the peer to the worker, what is written from the worker to the
// peer. both: each of the two devices uses the other's memory at the same time. bytes_per_second:
// all of it over the time from the launch to the return of the wait, of the slower of the two. faults must be 0, where
// the counters can be read. Data: the sum of what is read; of what is written, as the worker reads it back. Cannot
// tell: how much of it is the link: compare with baseline/stream.
#include "bench/harness/touch_kernel.h"
#include "bench/harness/warm.h"
#include "bench/p2p/lanes.h"
#include "bench/p2p/remote_memory.h"

namespace faultline::bench {
namespace {

constexpr Bytes kSize{16u << 20};

class RemoteAccess final : public Lane {
public:
    RemoteAccess(Access access, std::unique_ptr<RemoteMemory> memory, WarmStream stream)
        : access_(access), memory_(std::move(memory)), stream_(std::move(stream)) {}

    static Expected<std::unique_ptr<Lane>> open(device::Session& worker, device::Session& peer, Access access) {
        FL_ASSIGN_OR_RETURN(auto memory, RemoteMemory::create(worker, peer, kSize));
        FL_ASSIGN_OR_RETURN(auto on_peer, WarmStream::create(peer));
        FL_RETURN_IF_ERROR(on_peer.write(memory->data(), kSize, kFirstSalt));
        FL_ASSIGN_OR_RETURN(auto stream, WarmStream::create(worker));
        FL_RETURN_IF_ERROR(stream.read(memory->data(), kSize, kFirstSalt));
        return std::unique_ptr<Lane>(new RemoteAccess(access, std::move(memory), std::move(stream)));
    }

    Status prepare() override {
        if (access_ == Access::kWrite) ++salt_;
        return memory_->check();
    }

    Status work() override {
        FL_RETURN_IF_ERROR(access_ == Access::kRead ? stream_.read(memory_->data(), kSize, salt_)
                                                    : stream_.write(memory_->data(), kSize, salt_));
        return {};
    }

    Expected<Sample> finish() override {
        FL_RETURN_IF_ERROR(memory_->check());
        if (access_ == Access::kWrite) {
            FL_RETURN_IF_ERROR(stream_.read(memory_->data(), kSize, salt_));
        }
        Sample sample;
        sample.bytes = kSize;
        return sample;
    }

private:
    static constexpr std::uint64_t kFirstSalt = 1;

    const Access access_;
    std::unique_ptr<RemoteMemory> memory_;
    WarmStream stream_;
    std::uint64_t salt_ = kFirstSalt;
};

Status add(device::Registration& registration) {
    for (const Access access : {Access::kRead, Access::kWrite}) {
        LanePlan plan{.name = registration.name().word(to_string(access))};
        plan.flow = access == Access::kRead ? Flow::kToWorker : Flow::kFromWorker;
        plan.note = "thp=small";
        plan.open = [=](device::Session& worker, device::Session& peer) {
            return RemoteAccess::open(worker, peer, access);
        };
        plan.warm = true;
        FL_RETURN_IF_ERROR(register_lanes(registration, plan));
    }
    return {};
}

const device::Family kFamily("p2p/remote_access",
                             "How fast does a device read and write memory that stays with another?", add);

}  // namespace
}  // namespace faultline::bench
