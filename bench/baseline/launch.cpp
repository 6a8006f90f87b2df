// baseline/launch/groups:<1|all hardware threads>
//
// Constant: an immediate command list, work-groups of one work-item that store one word each in host USM; an iteration
// is 256 launches, each waited for. Cold: nothing; the first launch, which maps the words, is not measured. Latency: of
// each launch from the call to the return of the wait, by the host's clock. seconds: their sum. Data: every word.
// Cannot tell: how many launches a second a queue takes that is never waited for.
#include "bench/harness/toucher.h"
#include "kernels/mark.h"

namespace faultline::bench {
namespace {

constexpr unsigned kLaunches = 256;

class Launch final : public Scenario {
public:
    Launch(device::Session& session, std::uint32_t groups, device::Module module, device::Kernel kernel,
           device::HostBuffer<std::uint32_t> words)
        : session_(session),
          groups_(groups),
          module_(std::move(module)),
          kernel_(std::move(kernel)),
          words_(std::move(words)) {}

    Expected<Sample> iterate() override {
        FL_RETURN_IF_ERROR(launch());
        Sample sample;
        for (unsigned i = 0; i < kLaunches; ++i) {
            FL_ASSIGN_OR_RETURN(const auto ns, launch());
            sample.latencies_ns.push_back(ns);
            sample.seconds += static_cast<double>(ns) * 1e-9;
        }
        return sample;
    }

private:
    Expected<std::uint64_t> launch() {
        FL_RETURN_IF_ERROR(kernel_.set_arguments(words_.data(), ++value_));
        const Stopwatch watch;
        FL_RETURN_IF_ERROR(session_.queue().launch(kernel_, groups_, &session_.event()));
        FL_RETURN_IF_ERROR(session_.event().wait());
        const std::uint64_t ns = watch.ns();
        FL_RETURN_IF_ERROR(session_.event().reset());
        for (const std::uint32_t word : words_.span()) {
            if (word != value_) return Error{ErrorKind::kDevice, "wrong data: a work-group did not run"};
        }
        return ns;
    }

    device::Session& session_;
    const std::uint32_t groups_;
    device::Module module_;
    device::Kernel kernel_;
    device::HostBuffer<std::uint32_t> words_;
    std::uint32_t value_ = 0;
};

Expected<std::unique_ptr<Scenario>> open(device::Session& session, std::uint32_t groups) {
    FL_ASSIGN_OR_RETURN(auto module, device::Module::create(session.context(), kernel_mark()));
    FL_ASSIGN_OR_RETURN(auto kernel, module.kernel("mark"));
    FL_ASSIGN_OR_RETURN(auto words, device::HostBuffer<std::uint32_t>::create(session.context(), groups));
    return std::unique_ptr<Scenario>(
        new Launch(session, groups, std::move(module), std::move(kernel), std::move(words)));
}

Status add(device::Registration& registration) {
    for (const std::uint32_t groups : {1u, registration.hardware_threads()}) {
        ScenarioPlan plan{.name = registration.name().parameter("groups", groups)};
        plan.iterations = 16;
        plan.open = [=](device::Session& session) { return open(session, groups); };
        register_scenario(registration, std::move(plan));
    }
    return {};
}

const device::Family kFamily("baseline/launch", "What does a kernel cost that does next to nothing?", add);

}  // namespace
}  // namespace faultline::bench
