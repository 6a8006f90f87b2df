#include "runners/run_environment.h"

#include <array>

#include "results/atomic_file.h"
#include "runners/kernel_config.h"

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

std::string first_line(const fs::path& file) {
    const Expected<std::string> text = results::read_file(file);
    return text ? text->substr(0, text->find('\n')) : "";
}

}  // namespace

std::string boot_id(const fs::path& proc) { return first_line(proc / "sys/kernel/random/boot_id"); }

results::Json kernel_facts(const fs::path& boot, const fs::path& proc) {
    results::Json facts = results::Json::object();
    if (const std::string release = first_line(proc / "sys/kernel/osrelease"); !release.empty()) {
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

}  // namespace faultline::runners
