// Where the system's own files are, and a first look into them. A test points the roots at a tree of its own.
//
// Thread safety: values and independent functions.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

namespace faultline::runners {

struct SystemRoots {
    std::filesystem::path proc = "/proc";
    std::filesystem::path sys = "/sys";
    std::filesystem::path boot = "/boot";
    std::filesystem::path dev = "/dev";
};

/// The first line of a file of /proc or /sys; nullopt when it cannot be read or is empty.
std::optional<std::string> first_line(const std::filesystem::path& path);

}  // namespace faultline::runners
