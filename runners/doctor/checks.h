// The checks of `faultline doctor`, by what they are needed for. Each file holds one group.
//
// Thread safety: pure functions over facts and the files under facts.roots. `group` is left to the caller.
#pragma once

#include <vector>

#include "runners/doctor/doctor.h"

namespace faultline::runners {

/// A real Xe GPU: hardware, kernel, access, Level Zero driver, capabilities, counters.
std::vector<Check> xe_checks(const Facts& facts);
/// The reference: its driver, userfaultfd.
std::vector<Check> reference_checks(const Facts& facts);

}  // namespace faultline::runners
