// One thing about this machine, how well it is, and what to do about it.
//
// Thread safety: values.
#pragma once

#include <string>

namespace faultline::runners {

enum class Health { kOk, kWarning, kProblem };
/// "ok", "warning", "problem".
std::string to_string(Health health);

struct Check {
    std::string group{};  ///< "xe", "reference" or "figures": what it is needed for
    std::string name{};   ///< stable, for scripts: "kernel-config"
    Health health = Health::kOk;
    std::string found{};   ///< one line
    std::string advice{};  ///< what to do; empty when there is nothing to do
};

}  // namespace faultline::runners
