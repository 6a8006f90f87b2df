#include "device/gt_counters.h"

#include <fmt/format.h>

#include <charconv>

namespace faultline::device {
namespace {

Error malformed(std::size_t line_number, std::string_view line, const char* why) {
    return {ErrorKind::kDevice, fmt::format("GT counters, line {}: {}: \"{}\"", line_number, why, line)};
}

std::string_view trim(std::string_view text) {
    const auto first = text.find_first_not_of(" \t\r");
    if (first == std::string_view::npos) return {};
    return text.substr(first, text.find_last_not_of(" \t\r") - first + 1);
}

class ExtensionCounters final : public GtCounterSource {
public:
    ExtensionCounters(const Extension& extension, ze_device_handle_t device) : extension_(extension), device_(device) {}

    Expected<GtCounters> read() const override {
        FL_ASSIGN_OR_RETURN(std::string text, extension_.gt_stats(device_));
        return GtCounters::parse(text);
    }

private:
    Extension extension_;
    ze_device_handle_t device_;
};

}  // namespace

Expected<GtCounters> GtCounters::parse(std::string_view text) {
    GtCounters counters;
    for (std::size_t number = 1; !text.empty(); ++number) {
        const std::string_view line = text.substr(0, text.find('\n'));
        text.remove_prefix(std::min(text.size(), line.size() + 1));
        if (trim(line).empty()) continue;

        const auto colon = line.find(':');
        if (colon == std::string_view::npos) return malformed(number, line, "no colon");
        const std::string_view name = trim(line.substr(0, colon));
        const std::string_view digits = trim(line.substr(colon + 1));
        if (name.empty()) return malformed(number, line, "no name");
        if (name.find_first_of(" \t") != std::string_view::npos) return malformed(number, line, "a blank in the name");
        std::uint64_t value = 0;
        const auto [stop, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
        if (digits.empty() || error != std::errc{} || stop != digits.data() + digits.size()) {
            return malformed(number, line, "not an unsigned 64-bit number");
        }
        if (counters.value(name)) return malformed(number, line, "a name that came before");
        counters.counters_.push_back({std::string(name), value});
    }
    return counters;
}

std::optional<std::uint64_t> GtCounters::value(std::string_view name) const {
    for (const Counter& c : counters_) {
        if (c.name == name) return c.value;
    }
    return std::nullopt;
}

Expected<GtCounters> GtCounters::since(const GtCounters& before) const {
    GtCounters delta;
    for (const Counter& c : counters_) {
        const std::optional<std::uint64_t> old = before.value(c.name);
        if (!old) continue;
        if (c.value < *old) {
            return Error{
                ErrorKind::kDevice,
                fmt::format("GT counter {} went from {} to {}: somebody zeroed the counters", c.name, *old, c.value)};
        }
        delta.counters_.push_back({c.name, c.value - *old});
    }
    return delta;
}

void GtCounters::add(const GtCounters& other) {
    for (const Counter& theirs : other.counters_) {
        bool found = false;
        for (Counter& ours : counters_) {
            if (ours.name != theirs.name) continue;
            ours.value += theirs.value;
            found = true;
        }
        if (!found) counters_.push_back(theirs);
    }
}

Expected<std::unique_ptr<GtCounterSource>> open_gt_counters(const Device& device) {
    if (device.extension)
        return std::unique_ptr<GtCounterSource>(new ExtensionCounters(*device.extension, device.handle));
    if (device.pci.empty()) {
        return Error{ErrorKind::kUnavailable,
                     fmt::format("{} has no PCI address, so no debugfs counters", device.name())};
    }
    return open_debugfs_counters(device.pci);
}

}  // namespace faultline::device
