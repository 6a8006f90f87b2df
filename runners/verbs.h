// Every verb of `faultline`: the rows of runners/verbs.def.
//
// Thread safety: constants.
#pragma once

#include <span>

#include "runners/command/verb.h"

namespace faultline::runners {

/// In the order of --help.
std::span<const Verb* const> verbs();

}  // namespace faultline::runners
