#include "runners/doctor/doctor.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>

#include "runners/doctor/checks.h"
#include "runners/system/figures.h"
#include "vocabulary/environment_variables.h"

namespace faultline::runners {
namespace {

std::string environment_or_empty(const char* name) {
    const char* value = std::getenv(name);
    return value == nullptr ? "" : value;
}

bool any_can_fault(const Probe& probe, const std::string& kind) {
    return std::any_of(probe.devices.begin(), probe.devices.end(),
                       [&](const DeviceEntry& d) { return d.record.kind == kind && d.can_fault(); });
}

}  // namespace

DriverKeys DriverKeys::from_environment() {
    return DriverKeys{environment_or_empty(env::kReadDebugKeys), environment_or_empty(env::kSharedSystemUsm),
                      environment_or_empty(env::kRecoverableFaults)};
}

std::vector<Check> diagnose(const Facts& facts) {
    std::vector<Check> checks;
    const auto add = [&checks](const char* group, std::vector<Check> some) {
        for (Check& check : some) {
            check.group = group;
            checks.push_back(std::move(check));
        }
    };
    add("xe", xe_checks(facts));
    add("reference", reference_checks(facts));
    add("figures", figure_checks(facts.roots));
    return checks;
}

bool can_run(const Facts& facts) {
    return any_can_fault(facts.real, "xe") || any_can_fault(facts.reference, "reference");
}

}  // namespace faultline::runners
