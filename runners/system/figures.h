// The checks for steady figures: the processors' governor, transparent huge pages, other load.
//
// Thread safety: pure functions over the files under `roots`.
#pragma once

#include <vector>

#include "runners/system/check.h"
#include "runners/system/system_roots.h"

namespace faultline::runners {

/// `group` is left to the caller.
std::vector<Check> figure_checks(const SystemRoots& roots);

}  // namespace faultline::runners
