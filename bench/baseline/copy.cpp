// baseline/copy/<to_device|to_host|on_device>/size:<64K|2M|64M>
//
// Constant: zeCommandListAppendMemoryCopy between host USM and device USM, or within the device, one after another, 16
// an iteration. Warm: one copy has been made. Latency: of each copy from the call to the return of the wait, by the
// host's clock; bytes_per_second is over their sum. Data: what the last copy brought, word by word, on its way back.
// Cannot tell: several copies at once, and copies of malloc memory, which a driver may do in any of several ways.
#include <fmt/format.h>

#include <algorithm>

#include "bench/harness/pieces.h"
#include "bench/harness/toucher.h"

namespace faultline::bench {
namespace {

enum class Direction { kToDevice, kToHost, kOnDevice };

const char* to_string(Direction direction) {
    switch (direction) {
        case Direction::kToDevice:
            return "to_device";
        case Direction::kToHost:
            return "to_host";
        case Direction::kOnDevice:
            break;
    }
    return "on_device";
}

class Copy final : public Scenario {
public:
    static Expected<std::unique_ptr<Scenario>> open(device::Session& session, Direction direction, Bytes size) {
        const std::size_t words = size.count / sizeof(std::uint32_t);
        FL_ASSIGN_OR_RETURN(auto host, device::HostBuffer<std::uint32_t>::create(session.context(), words));
        FL_ASSIGN_OR_RETURN(auto first, device::DeviceBuffer<std::uint32_t>::create(session.context(), words));
        FL_ASSIGN_OR_RETURN(auto second, device::DeviceBuffer<std::uint32_t>::create(session.context(), words));
        return std::unique_ptr<Scenario>(
            new Copy(session, direction, size, std::move(host), std::move(first), std::move(second)));
    }

    Expected<Sample> iterate() override {
        ++salt_;
        for (std::size_t i = 0; i < host_.size(); ++i) host_[i] = static_cast<std::uint32_t>(i) * 3 + salt_;
        // The source holds what the host has written; for a device source that takes a copy of its own.
        if (direction_ != Direction::kToDevice) {
            FL_RETURN_IF_ERROR(copy(first_.data(), host_.data()));
            std::fill(host_.span().begin(), host_.span().end(), 0u);
        }
        void* const destination = direction_ == Direction::kToDevice ? first_.data()
                                  : direction_ == Direction::kToHost ? host_.data()
                                                                     : second_.data();
        const void* const source = direction_ == Direction::kToDevice ? host_.data() : first_.data();
        FL_RETURN_IF_ERROR(copy(destination, source));
        Sample sample;
        for (unsigned i = 0; i < kCopies; ++i) {
            const Stopwatch watch;
            FL_RETURN_IF_ERROR(copy(destination, source));
            sample.latencies_ns.push_back(watch.ns());
            sample.seconds += static_cast<double>(sample.latencies_ns.back()) * 1e-9;
        }
        sample.bytes = size_ * kCopies;
        if (direction_ != Direction::kToHost) {
            std::fill(host_.span().begin(), host_.span().end(), 0u);
            FL_RETURN_IF_ERROR(copy(host_.data(), destination));
        }
        for (std::size_t i = 0; i < host_.size(); ++i) {
            if (host_[i] == static_cast<std::uint32_t>(i) * 3 + salt_) continue;
            return Error{ErrorKind::kDevice, fmt::format("wrong data: word {} of the copy is {:#x}", i, host_[i])};
        }
        return sample;
    }

private:
    static constexpr unsigned kCopies = 16;

    Copy(device::Session& session, Direction direction, Bytes size, device::HostBuffer<std::uint32_t> host,
         device::DeviceBuffer<std::uint32_t> first, device::DeviceBuffer<std::uint32_t> second)
        : session_(session),
          direction_(direction),
          size_(size),
          host_(std::move(host)),
          first_(std::move(first)),
          second_(std::move(second)) {}

    Status copy(void* destination, const void* source) {
        FL_RETURN_IF_ERROR(session_.queue().copy(destination, source, size_, &session_.event()));
        return wait_and_reset(session_);
    }

    device::Session& session_;
    const Direction direction_;
    const Bytes size_;
    device::HostBuffer<std::uint32_t> host_;
    device::DeviceBuffer<std::uint32_t> first_;
    device::DeviceBuffer<std::uint32_t> second_;
    std::uint32_t salt_ = 0;
};

Status add(device::Registration& registration) {
    for (const Direction direction : {Direction::kToDevice, Direction::kToHost, Direction::kOnDevice}) {
        for (const Bytes size : {Bytes{64u << 10}, Bytes{2u << 20}, Bytes{64u << 20}}) {
            ScenarioPlan plan{.name =
                                  registration.name().word(to_string(direction)).parameter("size", size_name(size))};
            plan.iterations = 3;
            plan.open = [=](device::Session& session) { return Copy::open(session, direction, size); };
            register_scenario(registration, std::move(plan));
        }
    }
    return {};
}

const device::Family kFamily("baseline/copy", "What do explicit copies cost?", add);

}  // namespace
}  // namespace faultline::bench
