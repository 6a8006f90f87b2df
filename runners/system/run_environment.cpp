#include "runners/system/run_environment.h"

#include <array>
#include <sstream>

#include "results/atomic_file.h"
#include "runners/system/kernel_config.h"
#include "runners/system/system_roots.h"

namespace faultline::runners {
namespace {

namespace fs = std::filesystem;

/// Debugging aids that change how long a fault takes. What distributions switch on for everybody is not among them.
constexpr std::array kTelling = {"PROVE_LOCKING",   "LOCK_STAT",          "DEBUG_LOCK_ALLOC",
                                 "DEBUG_MUTEXES",   "DEBUG_ATOMIC_SLEEP", "KASAN",
                                 "KCSAN",           "KMEMLEAK",           "DEBUG_VM",
                                 "DEBUG_OBJECTS",   "DEBUG_PAGEALLOC",    "SLUB_DEBUG_ON",
                                 "PAGE_POISONING",  "GCOV_KERNEL",        "DRM_XE_DEBUG",
                                 "DRM_XE_DEBUG_VM", "DRM_XE_DEBUG_MEM",   "DRM_XE_USERPTR_INVAL_INJECT"};

std::string first_line_or_empty(const fs::path& file) { return first_line(file).value_or(""); }

/// The version in the driver's account of the GuC: "\tfound release version 70.44.1", in older kernels
/// "\tversion: wanted 70.5, found 70.20".
std::string guc_version(const std::string& account) {
    std::istringstream lines(account);
    for (std::string line; std::getline(lines, line);) {
        const bool found = line.starts_with("\tfound release") || line.starts_with("\tversion: wanted");
        if (found) return line.substr(line.rfind(' ') + 1);
    }
    return "";
}

}  // namespace

std::string boot_id(const fs::path& proc) { return first_line_or_empty(proc / "sys/kernel/random/boot_id"); }

results::Json kernel_facts(const fs::path& boot, const fs::path& proc) {
    results::Json facts = results::Json::object();
    if (const std::string release = first_line_or_empty(proc / "sys/kernel/osrelease"); !release.empty()) {
        facts["env_kernel_release"] = release;
    }
    if (const Expected<KernelConfig> config = read_kernel_config(boot, proc)) {
        std::string on;
        for (const char* option : kTelling) {
            if (config->is_on(option)) on += (on.empty() ? "" : ",") + std::string(option);
        }
        facts["env_kernel_debug"] = on.empty() ? "none" : on;
    }
    return facts;
}

results::Json xe_facts(const fs::path& sys, const std::string& pci) {
    results::Json facts = results::Json::object();
    if (const std::string version = first_line_or_empty(sys / "module/xe/srcversion"); !version.empty()) {
        facts["env_xe_srcversion"] = version;
    }
    std::error_code error;
    for (fs::directory_iterator card(sys / "kernel/debug/dri", error), end; !error && card != end;
         card.increment(error)) {
        // "xe dev=0000:03:00.0 unique=0000:03:00.0"
        if (pci.empty() || first_line_or_empty(card->path() / "name").find("dev=" + pci) == std::string::npos) continue;
        for (const char* gt : {"gt0", "tile0/gt0"}) {
            const Expected<std::string> account = results::read_file(card->path() / gt / "uc/guc_info");
            const std::string version = account ? guc_version(*account) : "";
            if (!version.empty()) facts["env_xe_guc"] = version;
        }
    }
    return facts;
}

}  // namespace faultline::runners
