// baseline/loader/<zeEventQueryStatus|zeDeviceGetProperties>
//
// Constant: 10000 calls an iteration, one after another, from one thread: the state of an event that is not signalled,
// and the properties of the device. ns_per_call: the time of an iteration by the host's clock, over its calls; a single
// call is too short for that clock. Warm: everything. Data: each result code, and what the properties say.
// Cannot tell: the loader's part from the driver's; no call is without both. What layers add shows when they are
// enabled (ZE_ENABLE_VALIDATION_LAYER=1, ZE_ENABLE_TRACING_LAYER=1, ZE_ENABLE_LOADER_INTERCEPT=1).
#include "bench/harness/toucher.h"
#include "device/ze_result.h"

namespace faultline::bench {
namespace {

constexpr unsigned kCalls = 10000;

class Loader final : public Scenario {
public:
    using Call = Status (*)(const device::Session&);
    Loader(device::Session& session, Call call) : session_(session), call_(call) {}

    Expected<Sample> iterate() override {
        const Stopwatch watch;
        for (unsigned i = 0; i < kCalls; ++i) {
            FL_RETURN_IF_ERROR(call_(session_));
        }
        Sample sample;
        sample.seconds = watch.seconds();
        sample.figures.emplace_back("ns_per_call", sample.seconds * 1e9 / kCalls);
        return sample;
    }

private:
    device::Session& session_;
    const Call call_;
};

Status query_event(const device::Session& session) {
    const ze_result_t result = zeEventQueryStatus(session.event().get());
    if (result == ZE_RESULT_NOT_READY) return {};
    return device::call_error("zeEventQueryStatus", result);
}

Status get_properties(const device::Session& session) {
    ze_device_properties_t properties{};
    properties.stype = ZE_STRUCTURE_TYPE_DEVICE_PROPERTIES;
    FL_RETURN_IF_ERROR(
        device::check("zeDeviceGetProperties", zeDeviceGetProperties(session.device().handle, &properties)));
    if (properties.vendorId == session.device().properties.vendorId) return {};
    return Error{ErrorKind::kDevice, "wrong data: another vendor than before"};
}

Status add(device::Registration& registration) {
    for (const auto& [name, call] : {std::pair<const char*, Loader::Call>("zeEventQueryStatus", query_event),
                                     {"zeDeviceGetProperties", get_properties}}) {
        ScenarioPlan plan{.name = registration.name().word(name)};
        plan.iterations = 64;
        plan.open = [call = call](device::Session& session) -> Expected<std::unique_ptr<Scenario>> {
            return std::unique_ptr<Scenario>(new Loader(session, call));
        };
        register_scenario(registration, std::move(plan));
    }
    return {};
}

const device::Family kFamily("baseline/loader", "What does a call through the Level Zero loader cost?", add);

}  // namespace
}  // namespace faultline::bench
