// Boots the machine itself into the next kernel: `grub-reboot` or `bootctl set-oneshot` for the next boot only, then
// `systemctl reboot`. The faultline-matrix service goes on from the state file.
//
// Each kernel is booted anew for each of its runs. When another kernel comes up than was asked for, or the machine went
// down while it measured, the matrix stops with an error rather than reboot for ever, and the file "stopped" in its
// directory keeps the service from trying again at the next boot. Thread safety: as KernelBackend.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

#include "runners/matrix/backend.h"
#include "runners/system/layout.h"

namespace faultline::runners {

/// Where the machine is looked at and its commands are found. Tests put another one in its place, with
/// FAULTLINE_BOOT_ROOT: a directory with boot/, proc/ and bin/.
struct BootRoot {
    std::filesystem::path root = "/";
    bool commands_in_root = false;  ///< the commands are those of root/bin, not of PATH

    static BootRoot of_this_machine();
};

/// The entry of grub.cfg that boots `release` without recovery mode, as grub-reboot takes it
/// ("gnulinux-advanced-ID>gnulinux-RELEASE-advanced-ID"); empty where there is none.
std::string grub_entry(std::string_view grub_config, const std::string& release);

/// The id of the entry for `release` in what `bootctl list --json=short` prints; empty where there is none.
std::string bootctl_entry(const std::string& json, const std::string& release);

std::unique_ptr<KernelBackend> make_boot_entry_backend(const Layout& layout, const BootRoot& root);

}  // namespace faultline::runners
