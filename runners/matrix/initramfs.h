// An initramfs that holds this build and nothing of the host beside it: boots, runs `faultline run`, hands the run back
// and powers off.
//
// In it: /init (a script for busybox), the programs and the reference's driver with every shared library that they
// name, and the configurations of the kernels. What the guest leaves is a gzipped tar on its second serial port, which
// every kernel has without a module: `status` (the exit status of `faultline run`) and `run` (its directory). The first
// serial port is the console. Thread safety: one builder at a time for a directory.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "base/expected.h"
#include "runners/system/layout.h"

namespace faultline::runners {

struct InitramfsContent {
    std::vector<std::string> run_arguments;             ///< of `faultline run`, without --output and --db
    std::vector<std::filesystem::path> kernel_configs;  ///< go to /boot; those that do not exist are left out
};

/// Writes `file`; a directory beside it holds the tree meanwhile. Error: kUnavailable, naming the program or library
/// that is missing.
Status build_initramfs(const InitramfsContent& content, const Layout& layout, const std::filesystem::path& file);

/// The shared libraries in the output of ldd, as paths. Error: kUnavailable, naming the first that was not found.
Expected<std::vector<std::filesystem::path>> libraries_in(const std::string& ldd_output);

/// What the guest handed back.
struct Handed {
    int status = 0;                       ///< of `faultline run`
    std::filesystem::path run_directory;  ///< does not exist where `faultline run` left none
};

/// Unpacks `archive` into `directory`, which is made anew. Error: kDevice where the archive is not whole.
Expected<Handed> unpack_handed(const std::filesystem::path& archive, const std::filesystem::path& directory);

}  // namespace faultline::runners
