#include "runners/system/system_roots.h"

#include "results/atomic_file.h"

namespace faultline::runners {

std::optional<std::string> first_line(const std::filesystem::path& path) {
    const Expected<std::string> text = results::read_file(path);
    if (!text || text->empty()) return std::nullopt;
    return text->substr(0, text->find('\n'));
}

}  // namespace faultline::runners
