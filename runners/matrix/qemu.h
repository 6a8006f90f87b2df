// Boots kernel images in QEMU with an initramfs of this build. The device is the reference: the guest has no GPU.
//
// KVM where it works, else software emulation; either way the times are those of a virtual machine, to be
// compared with each other only. Thread safety: as KernelBackend.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "runners/matrix/backend.h"
#include "runners/system/layout.h"

namespace faultline::runners {

struct QemuBoot {
    std::filesystem::path kernel;
    std::filesystem::path initramfs;
    std::filesystem::path console;  ///< what the kernel and `faultline run` print
    std::filesystem::path handed;   ///< the archive that the guest hands back
    std::string accelerator;        ///< "kvm" or "tcg"
    unsigned processors = 1;
};

std::vector<std::string> qemu_command(const QemuBoot& boot);

/// Whether a guest of a few instructions runs on the host's KVM, and within a second: there are machines where /dev/kvm
/// opens and a kernel still does not come up in minutes, being virtual themselves. `scratch`: a directory to write in.
bool kvm_is_usable(const std::filesystem::path& scratch);

/// The options of `faultline run` that ask for `run`, on the reference.
std::vector<std::string> guest_arguments(const RunOptions& run);

std::unique_ptr<KernelBackend> make_qemu_backend(const Layout& layout);

}  // namespace faultline::runners
