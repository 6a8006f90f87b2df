// The configuration that the running kernel was built with.
//
// Thread safety: pure functions over files.
#pragma once

#include <filesystem>
#include <map>
#include <string>

#include "base/expected.h"

namespace faultline::runners {

struct KernelConfig {
    std::string source;                          ///< the file it was read from
    std::map<std::string, std::string> options;  ///< "DRM_XE" -> "y", "m" or a value; absent: not set

    bool is_on(const std::string& option) const;
};

/// From boot/config-RELEASE, or proc/config.gz. Error: kUnavailable, naming both.
Expected<KernelConfig> read_kernel_config(const std::filesystem::path& boot, const std::filesystem::path& proc);

}  // namespace faultline::runners
