// migration/to_host/<read|write>[/warm]/size:<4K|64K|2M|16M|64M>
//
// Constant: memory that the CPU has written, small pages, up to 32 MiB of it in mappings of that size (one mapping of
// 16M or 64M), all of it brought to the device by faults, which is asserted; then one CPU thread reads or writes the
// first word of each range of the driver (2 MiB at most), one after another. 4K: drivers need not take less than 64K to
// the device (xe does not where VRAM has 64K pages), so 256 mappings of 64K go there whole; then the first page of each
// is made a CPU mapping of its own (the others are marked MADV_DONTDUMP, which moves and unmaps nothing), since a
// driver brings back no more than the mapping that was touched. That it is no more is asserted. Cold: each iteration
// maps fresh memory. Warm: the same memory again, which has been to the device and back in this way
// (bench/migration/move_scenario.h).
// Latency: of each CPU access by the host's clock. bytes_per_second counts the bytes that the driver says it copied
// back (svm_cpu_copy_kb); to_host_share is their share of the memory: a driver may bring back less than a range for one
// touch. ranges: how many were touched; stage.* are of each. Data: every page by the CPU afterwards.
// Cannot tell: what many CPU threads at once cost.
#include <fmt/format.h>
#include <sys/mman.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "bench/harness/toucher.h"
#include "bench/migration/move_scenario.h"

namespace faultline::bench {
namespace {

/// What goes to the device, so that `size` of each can come back.
Pieces pieces_for(Bytes size) { return Pieces::of(std::max(size, Bytes{64u << 10})); }

class ToHost final : public MoveScenario {
public:
    ToHost(device::Session& session, Bytes size, Memory memory, Access access, Toucher toucher)
        : MoveScenario(pieces_for(size), memory),
          session_(session),
          size_(size),
          access_(access),
          toucher_(std::move(toucher)) {}

private:
    Expected<Sample> move(const device::ColdBuffer& buffer) override {
        FL_RETURN_IF_ERROR(require_placement(session_.device(), buffer, Where::kSystem));
        FL_RETURN_IF_ERROR(toucher_.run(buffer, pieces_.sweep(kBringingGroups)));
        FL_RETURN_IF_ERROR(mark_rest(buffer, MADV_DONTDUMP));
        FL_RETURN_IF_ERROR(require_placement(session_.device(), buffer, Where::kHere));
        FL_ASSIGN_OR_RETURN(auto sample, touch(buffer));
        FL_RETURN_IF_ERROR(mark_rest(buffer, MADV_DODUMP));
        FL_RETURN_IF_ERROR(verify_by_cpu(buffer));
        FL_RETURN_IF_ERROR(require_placement(session_.device(), buffer, Where::kSystem));
        return sample;
    }

    Expected<Sample> touch(const device::ColdBuffer& buffer) const {
        FL_ASSIGN_OR_RETURN(const auto watch, CounterWatch::start(session_));
        Sample sample;
        const Stopwatch all;
        for (std::uint32_t i = 0; i < pieces_.ranges(); ++i) {
            auto* const word = reinterpret_cast<volatile std::uint32_t*>(buffer.data() + pieces_.offset(i));
            const std::uint32_t expected = buffer.expected(pieces_.offset(i));
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

        FL_ASSIGN_OR_RETURN(auto moved, watch.moved());
        FL_ASSIGN_OR_RETURN(const auto copied, required(moved, "svm_cpu_copy_kb"));
        if (copied == 0) return Error{ErrorKind::kDevice, "the GT counters know of no byte copied to the host"};
        sample.bytes = Bytes{copied << 10};
        const Bytes touched = std::min(size_, pieces_.range_size()) * pieces_.ranges();
        if (sample.bytes > touched) {
            return Error{ErrorKind::kDevice,
                         fmt::format("{} KiB came back, of {} KiB that were touched", copied, touched.count >> 10)};
        }
        sample.moved = std::move(moved);
        sample.ranges = pieces_.ranges();
        sample.figures.emplace_back("to_host_share",
                                    static_cast<double>(sample.bytes.count) / static_cast<double>(touched.count));
        return sample;
    }

    /// Advice that makes what is not to come back of each range a mapping apart, or one with the rest again.
    Status mark_rest(const device::ColdBuffer& buffer, int advice) const {
        if (size_ >= pieces_.size) return {};
        for (std::uint32_t i = 0; i < pieces_.ranges(); ++i) {
            std::byte* const rest = buffer.data() + pieces_.offset(i) + size_.count;
            if (::madvise(rest, (pieces_.size - size_).count, advice) != 0)
                return Error{ErrorKind::kUnavailable, fmt::format("madvise({}): {}", advice, std::strerror(errno))};
        }
        return {};
    }

    static constexpr std::uint32_t kBringingGroups = 8;

    device::Session& session_;
    const Bytes size_;  ///< of what comes back for a touch, at most
    const Access access_;
    Toucher toucher_;
};

Status add(device::Registration& registration) {
    const auto add = [&](Access access, Memory memory, Bytes size) {
        ScenarioPlan plan{.name = name_of(registration, to_string(access), memory, size)};
        plan.note = "thp=small";
        plan.iterations = 8;
        plan.open = [=](device::Session& session) -> Expected<std::unique_ptr<Scenario>> {
            FL_ASSIGN_OR_RETURN(auto toucher, Toucher::create(session, Access::kRead, pieces_for(size).ranges()));
            return std::unique_ptr<Scenario>(new ToHost(session, size, memory, access, std::move(toucher)));
        };
        register_scenario(registration, std::move(plan));
    };
    for (const Access access : {Access::kRead, Access::kWrite}) {
        for (const Memory memory : {Memory::kCold, Memory::kWarm}) {
            for (const std::uint64_t kib : {4, 64, 2048, 16384, 65536}) add(access, memory, Bytes{kib << 10});
        }
    }
    return {};
}

const device::Family kFamily("migration/to_host",
                             "What does it cost the CPU to touch memory that is on the device, by size?", add);

}  // namespace
}  // namespace faultline::bench
