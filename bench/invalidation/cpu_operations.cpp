// invalidation/<munmap|partial_unmap|madvise|mprotect|mremap|first_touch>/<device|system>/ranges:<1|4|16>/
//     running:<0|1|all EUs>
//
// Constant: one mapping of 2 MiB for each range, small pages, written by the CPU (by nobody for first_touch), then read
// by the GPU page for page of 512 KiB, so that it is mapped: in device memory, or by advice in system memory, which is
// asserted. While the operation is timed, as many work-groups as `running` says read 64 KiB of other memory of the same
// context over and over: their EUs hold translations that the invalidation has to see gone. The operation is one system
// call on all ranges, or for first_touch one read a range. Cold: each iteration maps fresh memory.
// Latency: of the system call, or of each touch, by the host's clock. gt.*: what the driver did for it, up to the next
// launch; svm_tlb_inval_count must have moved, but for mprotect and for a touch of what is in system memory already.
// Data: what the CPU finds afterwards, and all that the running work-groups read.
// Cannot tell: the cost to the work-groups. On the reference an unmap returns when its event has been read, and
// invalidates after that, so munmap, partial_unmap, madvise and mremap do not wait for EUs as they do in a kernel; of
// mprotect it hears nothing; and its EUs are threads of the same processors as the CPU that is measured.
#include <algorithm>
#include <optional>

#include "bench/harness/advisor.h"
#include "bench/harness/busy.h"
#include "bench/harness/pieces.h"
#include "bench/harness/toucher.h"
#include "bench/invalidation/operation.h"

namespace faultline::bench {
namespace {

constexpr Bytes kRange{2u << 20};
constexpr Bytes kMapStep{512u << 10};
constexpr Bytes kOtherMemory{64u << 10};

struct Case {
    Operation operation = Operation::kMunmap;
    Where where = Where::kHere;
    std::uint32_t ranges = 1;
    std::uint32_t running = 0;

    Bytes size() const { return kRange * ranges; }
    Sweep map() const {
        const auto accesses = static_cast<std::uint32_t>(size() / kMapStep);
        return {.offset = 0, .pitch = kMapStep.count, .accesses = accesses, .groups = std::min(8u, accesses)};
    }
};

class CpuOperation final : public Scenario {
public:
    CpuOperation(device::Session& session, const Case& what, Toucher toucher, Advisor advisor, device::ColdBuffer other,
                 std::optional<BusyReaders> readers)
        : session_(session),
          case_(what),
          toucher_(std::move(toucher)),
          advisor_(std::move(advisor)),
          other_(std::move(other)),
          readers_(std::move(readers)) {}

    /// Touches the other memory: a launch finds done what went before it, on any driver. The first maps it.
    Status launch_elsewhere() {
        FL_RETURN_IF_ERROR(toucher_.run(other_, kOneWord));
        FL_RETURN_IF_ERROR(toucher_.check(other_, kOneWord));
        return {};
    }

    Expected<Sample> iterate() override {
        FL_ASSIGN_OR_RETURN(auto buffer, Pieces{1, case_.size()}.make(case_.operation == Operation::kFirstTouch
                                                                          ? device::Touch::kUntouched
                                                                          : device::Touch::kCpuTouched));
        std::optional<Advisor::Advice> advice;
        if (case_.where == Where::kSystem) {
            FL_ASSIGN_OR_RETURN(auto given, advisor_.prefer(buffer, nullptr));
            advice.emplace(std::move(given));
        }
        FL_RETURN_IF_ERROR(toucher_.run(buffer, case_.map()));
        FL_RETURN_IF_ERROR(toucher_.check(buffer, case_.map()));
        FL_RETURN_IF_ERROR(require_placement(session_.device(), buffer, case_.where));
        if (readers_) {
            FL_RETURN_IF_ERROR(readers_->start(other_));
        }
        FL_ASSIGN_OR_RETURN(const auto watch, CounterWatch::start(session_));
        auto outcome = apply(case_.operation, buffer);
        if (readers_) {
            FL_RETURN_IF_ERROR(readers_->stop());
        }
        if (!outcome) return outcome.error();
        FL_RETURN_IF_ERROR(launch_elsewhere());
        FL_ASSIGN_OR_RETURN(auto moved, watch.moved());
        if (must_invalidate() && moved.value("svm_tlb_inval_count").value_or(0) == 0)
            return Error{ErrorKind::kDevice, "the GT counters know of no invalidation"};
        FL_RETURN_IF_ERROR(verify(case_.operation, buffer, *outcome));
        Sample sample;
        sample.latencies_ns = std::move(outcome->latencies_ns);
        for (const std::uint64_t ns : sample.latencies_ns) sample.seconds += static_cast<double>(ns) * 1e-9;
        sample.moved = std::move(moved);
        return sample;
    }

private:
    static constexpr Sweep kOneWord{.offset = 0, .pitch = 4, .accesses = 1, .groups = 1};

    bool must_invalidate() const {
        if (case_.operation == Operation::kFirstTouch) return case_.where == Where::kHere;
        return case_.operation != Operation::kMprotect;
    }

    device::Session& session_;
    const Case case_;
    Toucher toucher_;
    Advisor advisor_;
    device::ColdBuffer other_;
    std::optional<BusyReaders> readers_;
};

Expected<std::unique_ptr<Scenario>> open(device::Session& session, const Case& what) {
    FL_ASSIGN_OR_RETURN(auto toucher, Toucher::create(session, Access::kRead, what.map().accesses));
    FL_ASSIGN_OR_RETURN(auto advisor, Advisor::create(session));
    FL_ASSIGN_OR_RETURN(auto other, Pieces{1, kOtherMemory}.make(device::Touch::kCpuTouched));
    std::optional<BusyReaders> readers;
    if (what.running > 0) {
        FL_ASSIGN_OR_RETURN(auto made, BusyReaders::create(session, what.running));
        readers.emplace(std::move(made));
    }
    auto scenario = std::make_unique<CpuOperation>(session, what, std::move(toucher), std::move(advisor),
                                                   std::move(other), std::move(readers));
    FL_RETURN_IF_ERROR(scenario->launch_elsewhere());
    return std::unique_ptr<Scenario>(std::move(scenario));
}

template <Operation operation>
Status add(device::Registration& registration) {
    std::vector<std::uint32_t> running{0, 1};
    if (registration.device() != nullptr && registration.device()->eus() > 1)
        running.push_back(registration.device()->eus());
    for (const Where where : {Where::kHere, Where::kSystem}) {
        for (const std::uint32_t ranges : {1u, 4u, 16u}) {
            for (const std::uint32_t groups : running) {
                const Case what{operation, where, ranges, groups};
                ScenarioPlan plan{.name = registration.name()
                                              .word(where == Where::kHere ? "device" : "system")
                                              .parameter("ranges", ranges)
                                              .parameter("running", groups)};
                plan.note = "thp=small";
                plan.iterations = 6;
                plan.open = [=](device::Session& session) { return open(session, what); };
                register_scenario(registration, std::move(plan));
            }
        }
    }
    return {};
}

const device::Family kFamilies[] = {
    {"invalidation/munmap", "What does munmap cost the CPU while the GPU maps the memory?", add<Operation::kMunmap>},
    {"invalidation/partial_unmap", "What does unmapping a part cost the CPU while the GPU maps the memory?",
     add<Operation::kPartialUnmap>},
    {"invalidation/madvise", "What does MADV_DONTNEED cost the CPU while the GPU maps the memory?",
     add<Operation::kDontNeed>},
    {"invalidation/mprotect", "What does mprotect cost the CPU while the GPU maps the memory?",
     add<Operation::kMprotect>},
    {"invalidation/mremap", "What does mremap cost the CPU while the GPU maps the memory?", add<Operation::kMremap>},
    {"invalidation/first_touch", "What does a first touch cost the CPU while the GPU maps the memory?",
     add<Operation::kFirstTouch>},
};

}  // namespace
}  // namespace faultline::bench
