// GT counters of the Xe driver: from a PCI address to the `stats` files of its tiles in debugfs.
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "device/gt_counters.h"

namespace faultline::device {
namespace {

namespace fs = std::filesystem;

Error unavailable(std::string message) { return {ErrorKind::kUnavailable, std::move(message)}; }

/// The number after `prefix` in "card1", "tile0", "gt0"; nothing for any other name.
std::optional<unsigned> number_after(const std::string& name, std::string_view prefix) {
    if (name.rfind(prefix, 0) != 0) return std::nullopt;
    unsigned number = 0;
    const char* begin = name.data() + prefix.size();
    const char* end = name.data() + name.size();
    const auto [stop, error] = std::from_chars(begin, end, number);
    if (error != std::errc{} || stop != end) return std::nullopt;
    return number;
}

/// Entries of `dir` called `prefix` and a number, by number. A directory that cannot be read has none.
std::vector<std::pair<unsigned, fs::path>> numbered(const fs::path& dir, std::string_view prefix) {
    std::vector<std::pair<unsigned, fs::path>> found;
    std::error_code error;
    for (fs::directory_iterator it(dir, error), end; !error && it != end; it.increment(error)) {
        if (const auto n = number_after(it->path().filename().string(), prefix)) found.emplace_back(*n, it->path());
    }
    std::sort(found.begin(), found.end());
    return found;
}

/// One file a tile: tile<T>/gt<lowest>/stats, or gt0/stats where the driver has no tile directories.
std::vector<fs::path> stats_files(const fs::path& card) {
    std::vector<fs::path> files;
    for (const auto& [tile, tile_dir] : numbered(card, "tile")) {
        const auto gts = numbered(tile_dir, "gt");
        if (!gts.empty()) files.push_back(gts.front().second / "stats");
    }
    if (files.empty()) files.push_back(card / "gt0" / "stats");
    return files;
}

class DebugfsCounters final : public GtCounterSource {
public:
    explicit DebugfsCounters(std::vector<fs::path> files) : files_(std::move(files)) {}

    Expected<GtCounters> read() const override {
        GtCounters total;
        for (const fs::path& file : files_) {
            std::ifstream in(file);
            const std::string text{std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
            if (!in) return unavailable(fmt::format("cannot read {}", file.string()));
            Expected<GtCounters> one = GtCounters::parse(text);
            if (!one) return Error{one.error().kind, fmt::format("{}: {}", file.string(), one.error().message)};
            total.add(*one);
        }
        return total;
    }

private:
    std::vector<fs::path> files_;
};

}  // namespace

Expected<std::unique_ptr<GtCounterSource>> open_debugfs_counters(const std::string& pci, const KernelFiles& files) {
    const fs::path drm = fs::path(files.pci_devices) / pci / "drm";
    const auto cards = numbered(drm, "card");
    if (cards.empty()) return unavailable(fmt::format("{} names no DRM card", drm.string()));

    const fs::path dri = fs::path(files.debugfs) / "dri";
    if (::access(dri.c_str(), R_OK | X_OK) != 0) {
        return unavailable(fmt::format("cannot read {}: {}; GT counters need root and a mounted debugfs", dri.string(),
                                       std::strerror(errno)));
    }
    std::vector<fs::path> paths = stats_files(dri / std::to_string(cards.front().first));
    for (const fs::path& path : paths) {
        if (::access(path.c_str(), R_OK) != 0) {
            return unavailable(fmt::format("cannot read {}: {}; it needs root and a kernel with CONFIG_DEBUG_FS",
                                           path.string(), std::strerror(errno)));
        }
    }
    return std::unique_ptr<GtCounterSource>(new DebugfsCounters(std::move(paths)));
}

}  // namespace faultline::device
