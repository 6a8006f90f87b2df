#include "runners/matrix/kernel.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <fstream>
#include <vector>

namespace faultline::runners {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kImagePrefix = "vmlinuz-";

std::vector<std::string> installed(const fs::path& boot) {
    std::vector<std::string> releases;
    std::error_code error;
    for (const fs::directory_entry& entry : fs::directory_iterator(boot, error)) {
        const std::string name = entry.path().filename().string();
        if (name.starts_with(kImagePrefix)) releases.push_back(name.substr(kImagePrefix.size()));
    }
    std::sort(releases.begin(), releases.end());
    return releases;
}

}  // namespace

std::string release_in(std::string_view image) {
    constexpr std::size_t kMagic = 0x202;         // "HdrS"
    constexpr std::size_t kVersionField = 0x20e;  // 16 bits: where the text is, less 0x200
    if (image.size() < kVersionField + 2 || image.substr(kMagic, 4) != "HdrS") return {};
    const auto byte = [&](std::size_t at) { return static_cast<std::size_t>(static_cast<unsigned char>(image[at])); };
    const std::size_t text = 0x200 + byte(kVersionField) + 256 * byte(kVersionField + 1);
    if (text == 0x200 || text >= image.size()) return {};
    return std::string(
        image.substr(text, std::min(image.find_first_of(std::string_view(" \0", 2), text) - text, std::size_t{128})));
}

Expected<KernelImage> find_kernel(const std::string& name, const fs::path& boot) {
    const bool is_path = name.find('/') != std::string::npos;
    const fs::path path = is_path ? fs::path(name) : boot / (std::string(kImagePrefix) + name);
    std::ifstream file(path, std::ios::binary);
    if (!file) {
        const std::vector<std::string> known = installed(boot);
        return Error{ErrorKind::kBadInput,
                     fmt::format("kernel \"{}\": cannot read {}; {} has {}", name, path.string(), boot.string(),
                                 known.empty() ? "no kernel images" : fmt::format("{}", fmt::join(known, ", ")))};
    }
    std::string head(0x10000 + 0x400, '\0');  // as far as the header can point
    file.read(head.data(), static_cast<std::streamsize>(head.size()));
    head.resize(static_cast<std::size_t>(file.gcount()));
    std::string release = release_in(head);
    if (release.empty()) {
        return Error{ErrorKind::kBadInput,
                     fmt::format("kernel \"{}\": {} is no x86 kernel image (a bzImage)", name, path.string())};
    }
    return KernelImage{path, std::move(release)};
}

}  // namespace faultline::runners
