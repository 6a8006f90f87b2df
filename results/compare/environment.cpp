#include "results/compare/environment.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

namespace faultline::results {
namespace {

struct Fact {
    const char* key;
    const char* name;
};

constexpr std::array kDecisive = {Fact{"device", "device"}, Fact{"model", "device model"}, Fact{"env_cpu_model", "CPU"},
                                  Fact{"env_kernel_debug", "kernel debugging"},
                                  Fact{"env_cpu_governor", "CPU governor"}};

constexpr std::array kCompared = {Fact{"env_kernel_release", "kernel"},
                                  Fact{"env_kernel_version", "kernel build"},
                                  Fact{"env_kernel_options", "kernel command line"},
                                  Fact{"policy", "policy"},
                                  Fact{"monitor", "page monitor"},
                                  Fact{"driver_version", "Level Zero driver"},
                                  Fact{"env_xe_srcversion", "xe module"},
                                  Fact{"env_xe_guc", "GuC firmware"},
                                  Fact{"env_thp", "transparent huge pages"},
                                  Fact{"env_numa_balancing", "NUMA balancing"},
                                  Fact{"env_topology", "topology"},
                                  Fact{"faultline_version", "faultline"}};

std::string value_of(const SampleSet& set, const char* key) {
    const auto it = set.environment.find(key);
    return it == set.environment.end() ? "" : it->second;
}

std::string or_unknown(const std::string& value) { return value.empty() ? "unknown" : value; }

/// As samples_of() joins the values of runs that differ.
bool is_mixed(const std::string& value) { return value.find(" | ") != std::string::npos; }

}  // namespace

std::vector<std::string> obstacles(const SampleSet& a, const SampleSet& b) {
    std::vector<std::string> found;
    for (const auto& [key, name] : kDecisive) {
        const std::string of_a = value_of(a, key);
        const std::string of_b = value_of(b, key);
        if (of_a != of_b) {
            found.push_back(fmt::format("{}: {} against {}", name, or_unknown(of_a), or_unknown(of_b)));
        } else if (is_mixed(of_a)) {
            found.push_back(fmt::format("{}: runs of both differ: {}", name, of_a));
        }
    }
    return found;
}

std::vector<std::string> differences(const SampleSet& a, const SampleSet& b) {
    std::vector<std::string> found;
    for (const auto& [key, name] : kCompared) {
        const std::string of_a = value_of(a, key);
        const std::string of_b = value_of(b, key);
        if (of_a != of_b) found.push_back(fmt::format("{}: {} -> {}", name, or_unknown(of_a), or_unknown(of_b)));
    }
    return found;
}

bool different_kinds(const SampleSet& a, const SampleSet& b) {
    const std::string of_a = value_of(a, "device_kind");
    const std::string of_b = value_of(b, "device_kind");
    return !of_a.empty() && !of_b.empty() && of_a != of_b;
}

}  // namespace faultline::results
