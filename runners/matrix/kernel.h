// A kernel to boot: where its image is, and the release that it will say it is.
//
// Thread safety: pure functions.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "base/expected.h"

namespace faultline::runners {

struct KernelImage {
    std::filesystem::path path;
    std::string release;  ///< as `uname -r` will give it
};

/// The release in the header of an x86 kernel image (Documentation/arch/x86/boot.rst, kernel_version). Empty where
/// `image`, the beginning of a file, is none.
std::string release_in(std::string_view image);

/// `name`: a release that has `boot`/vmlinuz-RELEASE, or the path of an image. Error: kBadInput, naming what there is.
Expected<KernelImage> find_kernel(const std::string& name, const std::filesystem::path& boot);

}  // namespace faultline::runners
