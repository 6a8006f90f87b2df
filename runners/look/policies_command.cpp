#include <fmt/format.h>

#include "runners/commands.h"

namespace faultline::runners {

int policies_command(const Layout& layout) {
    const Interrupt interrupt;
    const Expected<DeviceEntry> device =
        choose_device(DeviceRequest{.kind = "reference", .index = 0, .reference = {}}, layout, &interrupt);
    if (interrupt.signal() != 0) return 128 + interrupt.signal();
    if (!device) return report_error(device.error());
    fmt::print("--policy NAME[,knob=value...]\n\n{}", device->policies);
    return kExitOk;
}

}  // namespace faultline::runners
