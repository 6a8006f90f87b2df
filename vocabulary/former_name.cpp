#include "vocabulary/former_name.h"

#include <algorithm>
#include <array>

#include "vocabulary/benchmark_name.h"

namespace faultline {
namespace {

/// How a family wrote a pair.
struct FormerPair {
    std::string_view prefix;  ///< of the name
    bool destination_first;
};
/// A worker migrates to itself and reads from its peer, but writes to it: pair:<worker>-<peer>.
constexpr std::array<FormerPair, 5> kPairs = {{{"p2p/migration/", true},
                                               {"p2p/remote_access/read/", true},
                                               {"p2p/remote_access/write/", false},
                                               {"p2p/remote_chase/", true},
                                               {"p2p/copy/", false}}};

bool is_number(std::string_view text) {
    return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

}  // namespace

std::string present_name(std::string_view name) {
    std::string today = canonical(name);
    const auto* family = std::find_if(kPairs.begin(), kPairs.end(),
                                      [&](const FormerPair& pair) { return today.starts_with(pair.prefix); });
    if (family == kPairs.end()) return today;
    // It was always the last component.
    constexpr std::string_view kKey = "/pair:";
    const std::size_t at = today.rfind(kKey);
    if (at == std::string::npos) return today;
    const std::string_view pair = std::string_view(today).substr(at + kKey.size());
    const std::size_t dash = pair.find('-');
    if (dash == std::string_view::npos) return today;
    std::string_view from = pair.substr(0, dash);
    std::string_view to = pair.substr(dash + 1);
    if (!is_number(from) || !is_number(to)) return today;
    if (family->destination_first) std::swap(from, to);
    return today.substr(0, at).append("/from:").append(from).append("/to:").append(to);
}

}  // namespace faultline
