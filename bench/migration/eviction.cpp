// migration/eviction/oversubscription:<1.5x|4x>
//
// Constant: 64 MiB of VRAM; the rest of it is taken by device memory that the benchmark allocates. One mapping of 1.5
// or 4 times that, small pages, which the CPU has written. One work-group of one work-item touches the first word of
// each 2 MiB of it, in order, twice; the second pass is measured. Where the least recently used goes first, nothing of
// what the second pass touches is left in VRAM. Cold: each iteration maps fresh memory and fills VRAM anew.
// Latency: of each touch by the device's clock. bytes_per_second: what came to the device (svm_device_copy_kb).
// evicted_bytes: that, and what was there before, less what is there afterwards. That VRAM holds no more than there is
// room for is asserted, and that something was evicted. Data: what the GPU saw, then every page by the CPU.
// Cannot tell: whether anything was evicted, where the driver does not tell residency; VRAM is then taken to be full
// before and after. Nor what is lost to a device that uses its memory in another order.
#include <fmt/format.h>

#include <string>

#include "bench/harness/pieces.h"
#include "bench/harness/toucher.h"
#include "bench/harness/vram_filler.h"

namespace faultline::bench {
namespace {

constexpr Bytes kRoom{64u << 20};

class Eviction final : public Scenario {
public:
    Eviction(device::Session& session, Pieces pieces, Toucher toucher, VramFiller filler)
        : session_(session), pieces_(pieces), toucher_(std::move(toucher)), filler_(std::move(filler)) {}

    Expected<Sample> iterate() override {
        FL_ASSIGN_OR_RETURN(const auto buffer, pieces_.make(device::Touch::kCpuTouched));
        FL_RETURN_IF_ERROR(toucher_.run(buffer, pieces_.sweep()));
        FL_ASSIGN_OR_RETURN(const auto before, resident(buffer));
        FL_ASSIGN_OR_RETURN(const auto watch, CounterWatch::start(session_));
        Sample sample;
        FL_ASSIGN_OR_RETURN(sample.seconds, toucher_.run(buffer, pieces_.sweep()));
        FL_ASSIGN_OR_RETURN(sample.moved, watch.moved());
        FL_ASSIGN_OR_RETURN(const auto after, resident(buffer));
        FL_ASSIGN_OR_RETURN(sample.latencies_ns, toucher_.check(buffer, pieces_.sweep()));
        FL_ASSIGN_OR_RETURN(const auto copied, required(sample.moved, "svm_device_copy_kb"));
        sample.bytes = Bytes{copied << 10};
        // What was there, and what came, less what is there now.
        const Bytes evicted = before + sample.bytes - after;
        if (evicted.count == 0) return Error{ErrorKind::kDevice, "nothing was evicted: VRAM has room for all of it"};
        sample.figures.emplace_back("evicted_bytes", static_cast<double>(evicted.count));
        FL_RETURN_IF_ERROR(verify_by_cpu(buffer));
        return sample;
    }

private:
    /// Bytes of the buffer in VRAM; without the extension, as much as there is room for.
    Expected<Bytes> resident(const device::ColdBuffer& buffer) const {
        FL_ASSIGN_OR_RETURN(const auto found, placement(session_.device(), buffer));
        if (!found) return kRoom;
        const Bytes here{found->here * 4096};
        if (here.count > 0 && here <= kRoom) return here;
        return Error{ErrorKind::kDevice,
                     fmt::format("wrong placement: {} KiB of the buffer are in VRAM, which has room for {}",
                                 here.count >> 10, kRoom.count >> 10)};
    }

    device::Session& session_;
    const Pieces pieces_;
    Toucher toucher_;
    VramFiller filler_;
};

Status add(device::Registration& registration) {
    for (const auto& [factor, size] : {std::pair("1.5x", Bytes{96u << 20}), {"4x", Bytes{256u << 20}}}) {
        const Pieces pieces{1, size};
        ScenarioPlan plan{.name = registration.name().parameter("oversubscription", factor)};
        plan.note = "thp=small";
        plan.iterations = 3;
        plan.open = [=](device::Session& session) -> Expected<std::unique_ptr<Scenario>> {
            FL_ASSIGN_OR_RETURN(auto toucher, Toucher::create(session, Access::kRead, pieces.ranges()));
            FL_ASSIGN_OR_RETURN(auto filler, VramFiller::leave(session.context(), kRoom));
            return std::unique_ptr<Scenario>(new Eviction(session, pieces, std::move(toucher), std::move(filler)));
        };
        register_scenario(registration, std::move(plan));
    }
    return {};
}

const device::Family kFamily("migration/eviction",
                             "What does a fault cost when VRAM is full and something else has to go first?", add);

}  // namespace
}  // namespace faultline::bench
