// Question: what does it cost the CPU to touch malloc memory that is on the device, by size?
//
// migration/to_host/<read|write>/size:<64K|2M|16M|64M>
//
// Constant: memory that the CPU has written, small pages, up to 32 MiB of it in mappings of that size (one mapping of
// 16M or 64M), all of it brought to the device by faults, which is asserted; then one CPU thread reads or writes the
// first word of each range of the driver (2 MiB at most), one after another. Cold: each iteration maps fresh memory.
// Latency: of each CPU access by the host's clock. bytes_per_second counts the bytes that the driver says it copied
// back (svm_cpu_copy_kb); to_host_share is their share of the memory: a driver may bring back less than a range for one
// touch. Data: every page by the CPU afterwards.
// Cannot tell: what many CPU threads at once cost.
#include <fmt/format.h>

#include <atomic>

#include "bench/harness/pieces.h"
#include "bench/harness/toucher.h"
#include "bench/migration/families.h"

namespace faultline::bench {
namespace {

class ToHost final : public Scenario {
public:
    ToHost(device::Session& session, Pieces pieces, Access access, Toucher toucher)
        : session_(session), pieces_(pieces), access_(access), toucher_(std::move(toucher)) {}

    Expected<Sample> iterate() override {
        auto buffer = pieces_.make(device::Touch::kCpuTouched);
        if (!buffer) return buffer.error();
        if (const auto there = toucher_.run(*buffer, pieces_.sweep(kBringingGroups)); !there) return there.error();
        if (Status s = require_placement(session_.device(), *buffer, Where::kHere); !s) return s.error();
        const auto watch = CounterWatch::start(session_);
        if (!watch) return watch.error();

        Sample sample;
        const Stopwatch all;
        for (std::uint32_t i = 0; i < pieces_.ranges(); ++i) {
            auto* const word = reinterpret_cast<volatile std::uint32_t*>(buffer->data() + pieces_.offset(i));
            const std::uint32_t expected = buffer->expected(pieces_.offset(i));
            const Stopwatch one;
            if (access_ == Access::kWrite) {
                *word = expected;  // back it is read by verify_by_cpu()
            } else if (*word != expected) {
                return Error{ErrorKind::kDevice,
                             fmt::format("wrong data: the CPU reads it at {:#x}", pieces_.offset(i))};
            }
            sample.latencies_ns.push_back(one.ns());
        }
        sample.seconds = all.seconds();

        auto moved = watch->moved();
        if (!moved) return moved.error();
        const auto copied = required(*moved, "svm_cpu_copy_kb");
        if (!copied) return copied.error();
        if (*copied == 0) return Error{ErrorKind::kDevice, "the GT counters know of no byte copied to the host"};
        sample.bytes = Bytes{*copied << 10};
        sample.moved = *std::move(moved);
        sample.figures.emplace_back(
            "to_host_share", static_cast<double>(sample.bytes.count) / static_cast<double>(pieces_.total().count));
        if (Status s = verify_by_cpu(*buffer); !s) return s.error();
        if (Status s = require_placement(session_.device(), *buffer, Where::kSystem); !s) return s.error();
        return sample;
    }

private:
    static constexpr std::uint32_t kBringingGroups = 8;

    device::Session& session_;
    const Pieces pieces_;
    const Access access_;
    Toucher toucher_;
};

}  // namespace

void register_to_host(const device::Registration& registration) {
    for (const Access access : {Access::kRead, Access::kWrite}) {
        for (const Bytes size : {Bytes{64u << 10}, Bytes{2u << 20}, Bytes{16u << 20}, Bytes{64u << 20}}) {
            const Pieces pieces = Pieces::of(size);
            ScenarioPlan plan;
            plan.name = fmt::format("migration/to_host/{}/size:{}", to_string(access), size_name(size));
            plan.note = "thp=small";
            plan.iterations = 8;
            plan.open = [=](device::Session& session) -> Expected<std::unique_ptr<Scenario>> {
                auto toucher = Toucher::create(session, Access::kRead, pieces.ranges());
                if (!toucher) return toucher.error();
                return std::unique_ptr<Scenario>(new ToHost(session, pieces, access, *std::move(toucher)));
            };
            register_scenario(registration, std::move(plan));
        }
    }
}

}  // namespace faultline::bench
