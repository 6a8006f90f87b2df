// p2p/migration/<direct|through_host>/<one|both>/from:<n>/to:<m>
//
// Constant: one mapping of 32 MiB, small pages, which the CPU has written and then `from` has touched, so that all of
// it is in its memory, which is asserted. direct: four work-groups of one work-item on `to` touch the first word of
// each 2 MiB. through_host: the CPU touches each 2 MiB first, in the measured time. Afterwards all of it is in the
// memory of `to`, which is asserted. both: two such mappings move at once, one in each direction. Cold: each iteration
// maps fresh memory. Latency: of each touch on `to` by its clock. bytes_per_second: all that has moved, once, whatever
// its way. copies_per_byte: what both drivers say they copied, over that: 1 for a move over the link, 2 for one by way
// of the host. Data: what `to` saw, then every page by the CPU. Cannot tell: which of the two devices made the copy,
// nor, without residency, that nothing stayed behind.
#include <fmt/format.h>

#include <optional>

#include "bench/harness/pieces.h"
#include "bench/harness/toucher.h"
#include "bench/p2p/lanes.h"

namespace faultline::bench {
namespace {

constexpr Pieces kPieces{1, Bytes{32u << 20}};
constexpr std::uint32_t kGroups = 4;

class PeerMigration final : public Lane {
public:
    PeerMigration(device::Session& to, device::Session& from, bool through_host, Toucher on_to, Toucher on_from)
        : to_(to), from_(from), through_host_(through_host), on_to_(std::move(on_to)), on_from_(std::move(on_from)) {}

    Status prepare() override {
        FL_ASSIGN_OR_RETURN(buffer_, kPieces.make(device::Touch::kCpuTouched));
        FL_RETURN_IF_ERROR(on_from_.run(*buffer_, kPieces.sweep()));
        return require_placement(from_.device(), *buffer_, Where::kHere);
    }

    Status work() override {
        if (through_host_) {
            for (std::uint32_t i = 0; i < kPieces.ranges(); ++i) {
                const std::size_t offset = kPieces.offset(i);
                if (buffer_->word(offset) != buffer_->expected(offset))
                    return Error{ErrorKind::kDevice, fmt::format("wrong data: the CPU reads it at {:#x}", offset)};
            }
        }
        FL_RETURN_IF_ERROR(on_to_.run(*buffer_, kPieces.sweep(kGroups)));
        return {};
    }

    Expected<Sample> finish() override {
        FL_RETURN_IF_ERROR(require_placement(to_.device(), *buffer_, Where::kHere));
        FL_ASSIGN_OR_RETURN(auto latencies, on_to_.check(*buffer_, kPieces.sweep(kGroups)));
        FL_RETURN_IF_ERROR(verify_by_cpu(*buffer_));
        buffer_.reset();
        Sample sample;
        sample.bytes = kPieces.total();
        sample.latencies_ns = std::move(latencies);
        return sample;
    }

private:
    device::Session& to_;
    device::Session& from_;
    const bool through_host_;
    Toucher on_to_;
    Toucher on_from_;
    std::optional<device::ColdBuffer> buffer_;
};

Status add(device::Registration& registration) {
    for (const bool through_host : {false, true}) {
        LanePlan plan{.name = registration.name().word(through_host ? "through_host" : "direct")};
        plan.note = "thp=small";
        plan.open = [=](device::Session& to, device::Session& from) -> Expected<std::unique_ptr<Lane>> {
            FL_ASSIGN_OR_RETURN(auto on_to, Toucher::create(to, Access::kRead, kPieces.ranges()));
            FL_ASSIGN_OR_RETURN(auto on_from, Toucher::create(from, Access::kRead, kPieces.ranges()));
            return std::unique_ptr<Lane>(
                new PeerMigration(to, from, through_host, std::move(on_to), std::move(on_from)));
        };
        FL_RETURN_IF_ERROR(register_lanes(registration, plan));
    }
    return {};
}

const device::Family kFamily("p2p/migration",
                             "How fast does memory move between devices, directly and by way of the host?", add);

}  // namespace
}  // namespace faultline::bench
