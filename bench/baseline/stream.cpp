// baseline/stream/<read|write>/<malloc_device|malloc_system|usm_device|usm_shared|usm_host>
//
// Constant: 16 MiB, small pages where it is malloc memory; work-groups of 64 work-items, four for each EU, which take
// 64-bit words next to each other. Warm: all of it has been written by a kernel; a fault during a measured pass is an
// error. bytes_per_second: all of it over the time from the launch to the return of the wait. Where malloc memory is,
// is asserted. Data: the sum of what is read, in the measured pass or after it. Cannot tell: the best that a device can
// do: that takes a kernel of its own for each.
#include "bench/baseline/warm_memory.h"
#include "bench/harness/touch_kernel.h"
#include "bench/harness/toucher.h"
#include "bench/harness/warm.h"

namespace faultline::bench {
namespace {

constexpr Bytes kSize{16u << 20};

class Stream final : public Scenario {
public:
    Stream(device::Session& session, Access access, std::unique_ptr<WarmMemory> memory, WarmStream stream)
        : session_(session), access_(access), memory_(std::move(memory)), stream_(std::move(stream)) {}

    Status warm() {
        FL_RETURN_IF_ERROR(stream_.write(memory_->data(), kSize, salt_));
        FL_RETURN_IF_ERROR(stream_.read(memory_->data(), kSize, salt_));
        return {};
    }

    Expected<Sample> iterate() override {
        Sample sample;
        sample.bytes = kSize;
        const auto pass = [&]() -> Status {
            FL_ASSIGN_OR_RETURN(sample.seconds, access_ == Access::kRead
                                                    ? stream_.read(memory_->data(), kSize, salt_)
                                                    : stream_.write(memory_->data(), kSize, ++salt_));
            return {};
        };
        FL_ASSIGN_OR_RETURN(sample.moved, without_faults(session_, pass));
        if (access_ == Access::kWrite) {
            FL_RETURN_IF_ERROR(stream_.read(memory_->data(), kSize, salt_));
        }
        FL_RETURN_IF_ERROR(memory_->check(session_.device()));
        return sample;
    }

private:
    device::Session& session_;
    const Access access_;
    std::unique_ptr<WarmMemory> memory_;
    WarmStream stream_;
    std::uint64_t salt_ = 1;
};

Expected<std::unique_ptr<Scenario>> open(device::Session& session, Access access, MemoryKind kind) {
    FL_ASSIGN_OR_RETURN(auto memory, WarmMemory::create(session, kind, kSize));
    FL_ASSIGN_OR_RETURN(auto kernels, WarmStream::create(session));
    auto stream = std::make_unique<Stream>(session, access, std::move(memory), std::move(kernels));
    FL_RETURN_IF_ERROR(stream->warm());
    return std::unique_ptr<Scenario>(std::move(stream));
}

Status add(device::Registration& registration) {
    for (const Access access : {Access::kRead, Access::kWrite}) {
        for (const MemoryKind kind : kMemoryKinds) {
            ScenarioPlan plan{.name = registration.name().word(to_string(access)).word(to_string(kind))};
            plan.iterations = 8;
            plan.open = [=](device::Session& session) { return open(session, access, kind); };
            register_scenario(registration, std::move(plan));
        }
    }
    return {};
}

const device::Family kFamily("baseline/stream",
                             "How fast does the device read and write memory that does not fault, by its kind?", add);

}  // namespace
}  // namespace faultline::bench
