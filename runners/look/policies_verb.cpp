#include <fmt/format.h>

#include "runners/command/verb.h"
#include "runners/system/devices.h"

namespace faultline::runners {
namespace {

/// What --policy of `run` takes.
int list_policies(const Layout& layout) {
    const Interrupt interrupt;
    const Expected<DeviceEntry> device =
        choose_device(DeviceRequest{.kind = "reference", .index = 0, .reference = {}}, layout, &interrupt);
    if (interrupt.signal() != 0) return 128 + interrupt.signal();
    if (!device) return report_error(device.error());
    fmt::print("--policy NAME[,knob=value...]\n\n{}", device->policies);
    return kExitOk;
}

Action define(Options&) {
    return [](const Invocation& invocation) { return list_policies(invocation.layout); };
}

}  // namespace

extern const Verb kPolicies = {"policies", "list the policies of the reference: presets, knobs and their values",
                               define};

}  // namespace faultline::runners
