#include "runners/system/kernel_config.h"

#include <fmt/format.h>
#include <zlib.h>

#include <array>
#include <memory>
#include <optional>
#include <sstream>

#include "results/atomic_file.h"

namespace faultline::runners {
namespace {

namespace fs = std::filesystem;

/// zlib reads files that are not compressed as they are.
std::optional<std::string> read_maybe_compressed(const fs::path& path) {
    const std::unique_ptr<gzFile_s, decltype(&::gzclose)> file(::gzopen(path.c_str(), "rb"), &::gzclose);
    if (!file) return std::nullopt;
    std::string text;
    std::array<char, 65536> buffer;
    int got = 0;
    while ((got = ::gzread(file.get(), buffer.data(), buffer.size())) > 0) {
        text.append(buffer.data(), static_cast<std::size_t>(got));
    }
    return got < 0 ? std::nullopt : std::optional(text);
}

KernelConfig parse(const std::string& text, const fs::path& source) {
    constexpr std::string_view kPrefix = "CONFIG_";
    KernelConfig config{.source = source.string(), .options = {}};
    std::istringstream in(text);
    for (std::string line; std::getline(in, line);) {
        const std::size_t equals = line.find('=');
        if (!line.starts_with(kPrefix) || equals == std::string::npos) continue;
        config.options[line.substr(kPrefix.size(), equals - kPrefix.size())] = line.substr(equals + 1);
    }
    return config;
}

}  // namespace

bool KernelConfig::is_on(const std::string& option) const {
    const auto it = options.find(option);
    return it != options.end() && (it->second == "y" || it->second == "m");
}

Expected<KernelConfig> read_kernel_config(const fs::path& boot, const fs::path& proc) {
    std::string release;
    if (const Expected<std::string> text = results::read_file(proc / "sys/kernel/osrelease")) {
        release = text->substr(0, text->find('\n'));
    }
    const std::array<fs::path, 2> candidates = {boot / ("config-" + release), proc / "config.gz"};
    for (const fs::path& path : candidates) {
        std::error_code error;
        if (!fs::is_regular_file(path, error)) continue;
        if (const std::optional<std::string> text = read_maybe_compressed(path)) return parse(*text, path);
    }
    return Error{ErrorKind::kUnavailable,
                 fmt::format("neither {} nor {} can be read", candidates[0].string(), candidates[1].string())};
}

}  // namespace faultline::runners
