#include "device/environment.h"

#include <fmt/format.h>
#include <hwloc.h>
#include <sys/utsname.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <memory>
#include <set>
#include <sstream>
#include <string_view>

namespace faultline::device {
namespace {

namespace fs = std::filesystem;

std::string first_line(const fs::path& file) {
    std::ifstream in(file);
    std::string line;
    std::getline(in, line);
    return line;
}

void add(EnvironmentFacts& facts, std::string key, std::string value) {
    if (!value.empty()) facts.emplace_back(std::move(key), std::move(value));
}

/// Of the kernel's command line, what changes page faults; the rest is the machine owner's business.
std::string boot_options() {
    static constexpr std::string_view kTelling[] = {
        "mitigations=", "no5lvl",        "iommu",       "intel_iommu=",   "transparent_hugepage=",
        "xe.",          "nosmt",         "isolcpus=",   "nohz_full=",     "preempt=",
        "idle=",        "intel_pstate=", "intel_idle.", "numa_balancing="};
    std::string options;
    std::istringstream line(first_line("/proc/cmdline"));
    for (std::string word; line >> word;) {
        const bool telling = std::any_of(std::begin(kTelling), std::end(kTelling),
                                         [&](std::string_view prefix) { return word.rfind(prefix, 0) == 0; });
        if (telling) options += (options.empty() ? "" : " ") + word;
    }
    return options;
}

void add_kernel(EnvironmentFacts& facts) {
    utsname name{};
    if (::uname(&name) == 0) {
        add(facts, "kernel_release", name.release);
        add(facts, "kernel_version", name.version);
    }
    add(facts, "kernel_options", boot_options());

    std::set<fs::path> parameters;
    std::error_code error;
    for (fs::directory_iterator it("/sys/module/xe/parameters", error), end; !error && it != end; it.increment(error)) {
        parameters.insert(it->path());
    }
    for (const fs::path& p : parameters) add(facts, "xe_param_" + p.filename().string(), first_line(p));
}

/// One governor, or all that are in force, sorted.
std::string governors() {
    std::set<std::string> found;
    std::error_code error;
    for (fs::directory_iterator it("/sys/devices/system/cpu/cpufreq", error), end; !error && it != end;
         it.increment(error)) {
        const std::string governor = first_line(it->path() / "scaling_governor");
        if (!governor.empty()) found.insert(governor);
    }
    return fmt::format("{}", fmt::join(found, ","));
}

/// "always [madvise] never" -> "madvise"
std::string chosen(const std::string& line) {
    const auto open = line.find('[');
    const auto close = line.find(']');
    if (open == std::string::npos || close == std::string::npos || close < open) return line;
    return line.substr(open + 1, close - open - 1);
}

void add_topology(EnvironmentFacts& facts) {
    hwloc_topology_t raw = nullptr;
    if (hwloc_topology_init(&raw) != 0) return;
    const std::unique_ptr<hwloc_topology, decltype(&hwloc_topology_destroy)> topology(raw, &hwloc_topology_destroy);
    if (hwloc_topology_load(raw) != 0) return;

    const hwloc_obj_t package = hwloc_get_obj_by_type(raw, HWLOC_OBJ_PACKAGE, 0);
    const char* model = package == nullptr ? nullptr : hwloc_obj_get_info_by_name(package, "CPUModel");
    add(facts, "cpu_model", model == nullptr ? "" : model);
    const int nodes = hwloc_get_nbobjs_by_type(raw, HWLOC_OBJ_NUMANODE);
    add(facts, "numa_nodes", std::to_string(nodes));
    const hwloc_obj_t machine = hwloc_get_root_obj(raw);
    add(facts, "topology",
        fmt::format("{} packages, {} NUMA nodes, {} cores, {} PUs, {} MiB",
                    hwloc_get_nbobjs_by_type(raw, HWLOC_OBJ_PACKAGE), nodes,
                    hwloc_get_nbobjs_by_type(raw, HWLOC_OBJ_CORE), hwloc_get_nbobjs_by_type(raw, HWLOC_OBJ_PU),
                    machine->total_memory >> 20));
}

void add_device(EnvironmentFacts& facts, const Device& device) {
    add(facts, "device_uuid", device.uuid);
    add(facts, "device_pci", device.pci);
    if (device.kind == DeviceKind::kXe && !device.pci.empty()) {
        add(facts, "device_numa_node", first_line(fs::path("/sys/bus/pci/devices") / device.pci / "numa_node"));
    }
    add(facts, "device_vram_mib", std::to_string(device.vram.count >> 20));
    add(facts, "device_hardware_threads", std::to_string(device.hardware_threads()));
}

}  // namespace

EnvironmentFacts environment_of(const Device& device) {
    EnvironmentFacts facts;
    add_kernel(facts);
    add(facts, "cpu_governor", governors());
    add(facts, "thp", chosen(first_line("/sys/kernel/mm/transparent_hugepage/enabled")));
    add(facts, "numa_balancing", first_line("/proc/sys/kernel/numa_balancing"));
    add_topology(facts);
    add_device(facts, device);
    return facts;
}

}  // namespace faultline::device
