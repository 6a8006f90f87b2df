#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "results/atomic_file.h"
#include "runners/doctor/checks.h"
#include "runners/system/kernel_config.h"

namespace faultline::runners {
namespace {

namespace fs = std::filesystem;

std::vector<fs::path> entries(const fs::path& directory) {
    std::vector<fs::path> found;
    std::error_code error;
    for (fs::directory_iterator it(directory, error), end; !error && it != end; it.increment(error)) {
        found.push_back(it->path());
    }
    std::sort(found.begin(), found.end());
    return found;
}

std::vector<fs::path> intel_gpus(const SystemRoots& roots) {
    std::vector<fs::path> found;
    for (const fs::path& device : entries(roots.sys / "bus/pci/devices")) {
        const auto vendor = first_line(device / "vendor");
        const auto type = first_line(device / "class");
        if (vendor == "0x8086" && type && type->starts_with("0x03")) found.push_back(device);
    }
    return found;
}

Check check_hardware(const Facts& facts) {
    const auto gpus = intel_gpus(facts.roots);
    if (gpus.empty()) {
        return {.name = "intel-gpu",
                .health = Health::kProblem,
                .found = "no Intel GPU on the PCI bus",
                .advice = "use --device reference, or a machine with an Xe GPU"};
    }
    std::string found;
    for (const fs::path& gpu : gpus) found += (found.empty() ? "" : ", ") + gpu.filename().string();
    return {.name = "intel-gpu", .found = found};
}

Check check_kernel_config(const Facts& facts) {
    Check check{.name = "kernel-config"};
    const Expected<KernelConfig> config = read_kernel_config(facts.roots.boot, facts.roots.proc);
    if (!config) {
        check.health = Health::kWarning;
        check.found = config.error().message;
        check.advice = "install the kernel's configuration file, or build the kernel with CONFIG_IKCONFIG_PROC";
    } else if (!config->is_on("DRM_XE")) {
        check.health = Health::kProblem;
        check.found = fmt::format("CONFIG_DRM_XE is not set in {}", config->source);
        check.advice = "build a kernel with CONFIG_DRM_XE, CONFIG_DRM_XE_GPUSVM and CONFIG_DRM_XE_PAGEMAP";
    } else if (!config->is_on("DRM_XE_GPUSVM")) {
        check.health = Health::kProblem;
        check.found =
            fmt::format("CONFIG_DRM_XE_GPUSVM is not set in {}: the GPU cannot fault on malloc memory", config->source);
        check.advice = "build a kernel with CONFIG_DRM_XE_GPUSVM and CONFIG_DRM_XE_PAGEMAP (Linux 6.16 or later)";
    } else if (!config->is_on("DRM_XE_PAGEMAP")) {
        check.health = Health::kWarning;
        check.found =
            fmt::format("CONFIG_DRM_XE_PAGEMAP is not set in {}: data never migrates to VRAM", config->source);
        check.advice = "build a kernel with CONFIG_DRM_XE_PAGEMAP to measure migration";
    } else {
        check.found = fmt::format("DRM_XE, DRM_XE_GPUSVM and DRM_XE_PAGEMAP are set in {}", config->source);
    }
    return check;
}

Check check_module(const Facts& facts) {
    std::error_code error;
    if (fs::exists(facts.roots.sys / "module/xe", error))
        return {.name = "xe-module", .found = "the xe driver is loaded"};
    return {.name = "xe-module",
            .health = Health::kProblem,
            .found = "the xe driver is not loaded",
            .advice = "modprobe xe; a GPU that i915 holds needs xe.force_probe=<id> i915.force_probe=!<id> at boot"};
}

Check check_render_nodes(const Facts& facts) {
    std::string usable;
    std::string refused;
    for (const fs::path& node : entries(facts.roots.dev / "dri")) {
        if (!node.filename().string().starts_with("renderD")) continue;
        std::string& list = ::access(node.c_str(), R_OK | W_OK) == 0 ? usable : refused;
        list += (list.empty() ? "" : ", ") + node.string();
    }
    if (!usable.empty()) return {.name = "render-node", .found = usable + " can be opened"};
    if (!refused.empty()) {
        return {.name = "render-node",
                .health = Health::kProblem,
                .found = refused + " cannot be opened by this user",
                .advice = "add the user to the group that owns it: usermod -aG render USER, then log in again"};
    }
    return {.name = "render-node",
            .health = Health::kProblem,
            .found = "no render node under " + (facts.roots.dev / "dri").string(),
            .advice = "needs a GPU whose driver is loaded; in a container pass --device /dev/dri"};
}

Check check_level_zero(const Facts& facts) {
    if (!facts.real.failure.empty()) {
        return {.name = "level-zero",
                .health = Health::kProblem,
                .found = facts.real.failure,
                .advice = "install libze1 (Debian) and see what the message names"};
    }
    if (!facts.real.intel_driver.empty()) {
        return {.name = "level-zero",
                .health = Health::kProblem,
                .found = "Intel's Level Zero driver does not load: " + facts.real.intel_driver,
                .advice = "install intel-level-zero-gpu from Intel's compute-runtime releases"};
    }
    return {.name = "level-zero", .found = "loader and Intel's driver (libze_intel_gpu.so.1) load"};
}

Check check_keys(const Facts& facts) {
    const DriverKeys& keys = facts.keys;
    Check check{.name = "driver-keys"};
    check.found = fmt::format("NEOReadDebugKeys={}, EnableSharedSystemUsmSupport={}, EnableRecoverablePageFaults={}",
                              keys.read_debug_keys.empty() ? "unset" : keys.read_debug_keys,
                              keys.shared_system_usm.empty() ? "unset" : keys.shared_system_usm,
                              keys.recoverable_faults.empty() ? "unset" : keys.recoverable_faults);
    const bool read = keys.read_debug_keys == "1";
    if (read && (keys.shared_system_usm == "0" || keys.recoverable_faults == "0")) {
        check.health = Health::kProblem;
        check.advice = "a key set to 0 turns faults on malloc memory off: unset it";
    } else if (!read && !keys.shared_system_usm.empty()) {
        check.health = Health::kWarning;
        check.advice = "keys count only with NEOReadDebugKeys=1: export it too";
    }
    return check;
}

Check check_capability(const DeviceEntry& device, const DriverKeys& keys) {
    Check check{.name = fmt::format("faults-on-malloc xe:{}", device.record.index)};
    if (device.can_fault()) {
        check.found =
            fmt::format("{}: sharedSystemAllocCapabilities {:#x}", device.record.name, device.shared_system_caps);
        return check;
    }
    check.health = Health::kProblem;
    check.found = fmt::format("{}: sharedSystemAllocCapabilities 0", device.record.name);
    const bool keyed = keys.read_debug_keys == "1" && keys.shared_system_usm == "1";
    check.advice =
        keyed ? "the kernel refuses: see kernel-config and address-width; PrintDebugMessages=1 prints why"
              : "export NEOReadDebugKeys=1 EnableSharedSystemUsmSupport=1 (only Battlemage has it on by itself)";
    return check;
}

Check check_debugfs(const Facts& facts) {
    const fs::path root = facts.roots.sys / "kernel/debug";
    Check check{.name = "gt-counters"};
    std::string refused;
    for (const fs::path& card : entries(root / "dri")) {
        for (const fs::path& gt : entries(card)) {
            if (!gt.filename().string().starts_with("gt")) continue;
            std::error_code error;
            if (!fs::exists(gt / "stats", error)) continue;
            if (results::read_file(gt / "stats").ok()) {
                check.found = (gt / "stats").string() + " can be read";
                return check;
            }
            refused = (gt / "stats").string();
        }
    }
    check.health = Health::kProblem;
    if (!refused.empty()) {
        check.found = refused + " cannot be read by this user";
        check.advice = "run as root: the kernel's fault counters are root's";
    } else if (entries(root).empty()) {
        check.found = root.string() + " is empty or closed to this user";
        check.advice = "run as root; if still empty: mount -t debugfs none /sys/kernel/debug";
    } else {
        check.found = "no dri/*/gt*/stats under " + root.string();
        check.advice = "needs the xe driver and a kernel with CONFIG_DEBUG_FS";
    }
    return check;
}

Check check_address_width(const Facts& facts) {
    Check check{.name = "address-width", .found = "the CPU has no 5-level paging"};
    const Expected<std::string> cpuinfo = results::read_file(facts.roots.proc / "cpuinfo");
    const auto command_line = first_line(facts.roots.proc / "cmdline");
    if (!cpuinfo || cpuinfo->find(" la57") == std::string::npos) return check;
    if (command_line && (" " + *command_line + " ").find(" no5lvl ") != std::string::npos) {
        check.found = "5-level paging is off (no5lvl)";
        return check;
    }
    check.health = Health::kWarning;
    check.found = "5-level paging (la57) is on: a GPU with 48-bit addresses cannot mirror the CPU's";
    check.advice = "boot with no5lvl if sharedSystemAllocCapabilities stays 0";
    return check;
}

}  // namespace

std::vector<Check> xe_checks(const Facts& facts) {
    std::vector<Check> checks = {check_hardware(facts),     check_kernel_config(facts), check_module(facts),
                                 check_render_nodes(facts), check_level_zero(facts),    check_keys(facts)};
    std::size_t devices = 0;
    for (const DeviceEntry& device : facts.real.devices) {
        if (device.record.kind != "xe") continue;
        checks.push_back(check_capability(device, facts.keys));
        ++devices;
    }
    if (devices == 0) {
        checks.push_back({.name = "faults-on-malloc",
                          .health = Health::kProblem,
                          .found = "Level Zero lists no Xe GPU",
                          .advice = "see the problems above"});
    }
    checks.push_back(check_debugfs(facts));
    checks.push_back(check_address_width(facts));
    return checks;
}

}  // namespace faultline::runners
