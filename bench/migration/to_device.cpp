// migration/to_device/<fault|prefetch>[/warm]/size:<4K|64K|2M|16M|64M>
//
// Constant: memory that the CPU has written, small pages, up to 32 MiB of it in mappings of that size (one mapping of
// 16M or 64M), brought over one after another: one work-group of one work-item touches the first word of each range
// (the driver's ranges are 2 MiB at most), or the host prefetches mapping after mapping and waits for each. All of it
// is in system memory before, which is asserted. Cold: each iteration maps fresh memory, which no GPU has seen. Warm:
// the same memory again, which has been to the device in this way and which the CPU has brought back page by page:
// ranges, notifiers and page tables are there, its device memory is not (bench/migration/move_scenario.h). Latency: of
// each touch by the device's clock, or of each prefetch by the host's. bytes_per_second counts the bytes that the
// driver says it copied to the device (svm_device_copy_kb); on_device is the share of pages that are there afterwards,
// where the driver tells. What the driver leaves in system memory (below 64K under xe-7.0) yields 0 for both, and no
// bytes_per_second: then the latency is that of mapping it, and warm is skipped. ranges, of prefetch: how many were
// copied; stage.* are of each. Data: what the GPU saw, then every page by the CPU. Cannot tell: what concurrent faults
// cost (fault/parallelism does).
#include <fmt/format.h>

#include "bench/harness/toucher.h"
#include "bench/migration/move_scenario.h"

namespace faultline::bench {
namespace {

class ToDevice final : public MoveScenario {
public:
    ToDevice(device::Session& session, Pieces pieces, Memory memory, bool prefetch, Toucher toucher)
        : MoveScenario(pieces, memory), session_(session), prefetch_(prefetch), toucher_(std::move(toucher)) {}

private:
    Expected<Sample> move(const device::ColdBuffer& buffer) override {
        FL_RETURN_IF_ERROR(require_placement(session_.device(), buffer, Where::kSystem));
        FL_ASSIGN_OR_RETURN(const auto watch, CounterWatch::start(session_));
        FL_ASSIGN_OR_RETURN(auto sample, prefetch_ ? prefetch(buffer) : fault(buffer));
        FL_ASSIGN_OR_RETURN(auto moved, watch.moved());
        FL_ASSIGN_OR_RETURN(const auto copied, required(moved, "svm_device_copy_kb"));
        sample.bytes = Bytes{copied << 10};
        sample.moved = std::move(moved);
        if (prefetch_) sample.ranges = sample.bytes / pieces_.range_size();
        FL_RETURN_IF_ERROR(report_placement(buffer, sample));
        FL_RETURN_IF_ERROR(verify_by_cpu(buffer));
        return sample;
    }

    Expected<Sample> fault(const device::ColdBuffer& buffer) {
        Sample sample;
        FL_ASSIGN_OR_RETURN(sample.seconds, toucher_.run(buffer, pieces_.sweep()));
        FL_ASSIGN_OR_RETURN(sample.latencies_ns, toucher_.check(buffer, pieces_.sweep()));
        return sample;
    }

    Expected<Sample> prefetch(const device::ColdBuffer& buffer) {
        Sample sample;
        for (std::size_t i = 0; i < pieces_.count; ++i) {
            const Stopwatch watch;
            FL_RETURN_IF_ERROR(session_.queue().prefetch(buffer.data() + i * buffer.pitch().count, pieces_.size));
            FL_RETURN_IF_ERROR(session_.queue().barrier(&session_.event()));
            FL_RETURN_IF_ERROR(session_.event().wait());
            sample.latencies_ns.push_back(watch.ns());
            sample.seconds += watch.seconds();
            FL_RETURN_IF_ERROR(session_.event().reset());
        }
        return sample;
    }

    /// What the driver says it copied is what is there.
    Status report_placement(const device::ColdBuffer& buffer, Sample& sample) const {
        FL_ASSIGN_OR_RETURN(const auto found, placement(session_.device(), buffer));
        if (!found) return {};
        if (Bytes{found->here * 4096} != sample.bytes) {
            return Error{ErrorKind::kDevice, fmt::format("{} bytes were copied to the device, but {} pages are there",
                                                         sample.bytes.count, found->here)};
        }
        sample.figures.emplace_back("on_device",
                                    static_cast<double>(found->here) / static_cast<double>(found->pages()));
        return {};
    }

    device::Session& session_;
    const bool prefetch_;
    Toucher toucher_;
};

Status add(device::Registration& registration) {
    const auto add = [&](bool prefetch, Memory memory, Bytes size) {
        const Pieces pieces = Pieces::of(size);
        ScenarioPlan plan{.name = name_of(registration, prefetch ? "prefetch" : "fault", memory, size)};
        plan.note = "thp=small";
        plan.iterations = 8;
        plan.open = [=](device::Session& session) -> Expected<std::unique_ptr<Scenario>> {
            FL_ASSIGN_OR_RETURN(auto toucher, Toucher::create(session, Access::kRead, pieces.ranges()));
            return std::unique_ptr<Scenario>(new ToDevice(session, pieces, memory, prefetch, std::move(toucher)));
        };
        register_scenario(registration, std::move(plan));
    };
    for (const bool prefetch : {false, true}) {
        for (const Memory memory : {Memory::kCold, Memory::kWarm}) {
            for (const std::uint64_t kib : {4, 64, 2048, 16384, 65536}) add(prefetch, memory, Bytes{kib << 10});
        }
    }
    return {};
}

const device::Family kFamily("migration/to_device",
                             "What does it cost to bring memory to the device, by faults and by prefetch, by size?",
                             add);

}  // namespace
}  // namespace faultline::bench
