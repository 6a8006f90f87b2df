// p2p/copy/<one|both>/size:<64K|2M|64M>/from:<n>/to:<m>
//
// Constant: zeCommandListAppendMemoryCopy from device memory of one to device memory of the other, both allocated in
// one context, on the queue of the one that is copied from, one copy after another, 8 an iteration. both: the other
// direction at the same time. Warm: nothing is allocated or faulted under way. Latency: of each copy from the call to
// the return of the wait, by the host's clock. bytes_per_second: all copies. Data: every word of the last one, by way
// of the host. Cannot tell: the way the driver took.
#include <fmt/format.h>

#include <algorithm>

#include "bench/harness/pieces.h"
#include "bench/harness/toucher.h"
#include "bench/p2p/lanes.h"

namespace faultline::bench {
namespace {

constexpr unsigned kCopies = 8;

class PeerCopy final : public Lane {
public:
    PeerCopy(device::Session& worker, Bytes size, device::UsmBlock from, device::UsmBlock to,
             device::HostBuffer<std::uint32_t> host)
        : worker_(worker), size_(size), from_(std::move(from)), to_(std::move(to)), host_(std::move(host)) {}

    static Expected<std::unique_ptr<Lane>> open(device::Session& worker, device::Session& peer, Bytes size) {
        FL_ASSIGN_OR_RETURN(auto from, device::UsmBlock::allocate(worker.context(), device::UsmKind::kDevice, size));
        FL_ASSIGN_OR_RETURN(auto to, device::UsmBlock::allocate_on(worker.context(), peer.device(), size));
        FL_ASSIGN_OR_RETURN(
            auto host, device::HostBuffer<std::uint32_t>::create(worker.context(), size.count / sizeof(std::uint32_t)));
        return std::unique_ptr<Lane>(new PeerCopy(worker, size, std::move(from), std::move(to), std::move(host)));
    }

    Status prepare() override {
        ++salt_;
        for (std::size_t i = 0; i < host_.size(); ++i) host_[i] = word(i);
        latencies_ns_.clear();
        return copy(from_.data(), host_.data());
    }

    Status work() override {
        for (unsigned i = 0; i < kCopies; ++i) {
            const Stopwatch watch;
            FL_RETURN_IF_ERROR(copy(to_.data(), from_.data()));
            latencies_ns_.push_back(watch.ns());
        }
        return {};
    }

    Expected<Sample> finish() override {
        std::fill(host_.span().begin(), host_.span().end(), 0u);
        FL_RETURN_IF_ERROR(copy(host_.data(), to_.data()));
        for (std::size_t i = 0; i < host_.size(); ++i) {
            if (host_[i] == word(i)) continue;
            return Error{ErrorKind::kDevice, fmt::format("wrong data: word {} of the copy is {:#x}", i, host_[i])};
        }
        Sample sample;
        sample.bytes = size_ * kCopies;
        sample.latencies_ns = latencies_ns_;
        return sample;
    }

private:
    std::uint32_t word(std::size_t i) const { return static_cast<std::uint32_t>(i) * 3 + salt_; }

    Status copy(void* destination, const void* source) {
        FL_RETURN_IF_ERROR(worker_.queue().copy(destination, source, size_, &worker_.event()));
        return wait_and_reset(worker_);
    }

    device::Session& worker_;
    const Bytes size_;
    device::UsmBlock from_;
    device::UsmBlock to_;
    device::HostBuffer<std::uint32_t> host_;
    std::vector<std::uint64_t> latencies_ns_;
    std::uint32_t salt_ = 0;
};

Status add(device::Registration& registration) {
    for (const Bytes size : {Bytes{64u << 10}, Bytes{2u << 20}, Bytes{64u << 20}}) {
        LanePlan plan{.name = registration.name()};
        plan.size = size_name(size);
        plan.flow = Flow::kFromWorker;
        plan.iterations = 3;
        plan.open = [=](device::Session& worker, device::Session& peer) { return PeerCopy::open(worker, peer, size); };
        FL_RETURN_IF_ERROR(register_lanes(registration, plan));
    }
    return {};
}

const device::Family kFamily("p2p/copy", "How fast is an explicit copy between devices?", add);

}  // namespace
}  // namespace faultline::bench
