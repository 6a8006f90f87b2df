#include "results/store/run_reference.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace faultline::results {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kBlanks = " \t\n";
constexpr std::size_t kFewestDigits = 4;
constexpr std::size_t kMostDigits = 16;

Error bad(std::string_view part, const std::string& why) {
    return {ErrorKind::kBadInput, fmt::format("reference \"{}\": {}", part, why)};
}

bool is_id(std::string_view part) {
    return part.size() >= kFewestDigits && part.size() <= kMostDigits &&
           part.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

/// A whole number from 1 to 2^31 - 1, or 0 where it is none.
std::int64_t number_of(const std::string& value) {
    std::int32_t number = 0;
    const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), number);
    const bool whole = error == std::errc() && end == value.data() + value.size();
    return whole && number > 0 ? number : 0;
}

Status add_part(RunReference& reference, std::string_view part) {
    std::error_code ignored;
    // A directory may well be named like anything else; what is there is what is meant.
    if (part.find('/') != std::string_view::npos || fs::is_directory(part, ignored)) {
        reference.directories.push_back(directory_key(part));
        return {};
    }
    const std::size_t colon = part.find(':');
    if (colon == std::string_view::npos) {
        if (!is_id(part)) {
            return bad(part, fmt::format("not a directory, and not a run's id, which is {} to {} of 0-9a-f",
                                         kFewestDigits, kMostDigits));
        }
        reference.ids.emplace_back(part);
        return {};
    }
    const std::string_view key = part.substr(0, colon);
    const std::string value(part.substr(colon + 1));
    if (value.empty()) return bad(part, "nothing after the colon");
    if (key == "label") {
        reference.labels.push_back(value);
    } else if (key == "kernel") {
        reference.kernels.push_back(value);
    } else if (key == "policy") {
        reference.policies.push_back(value);
    } else if (key == "last") {
        const auto count = static_cast<std::uint64_t>(number_of(value));
        if (count == 0) return bad(part, "expected last:N with a whole number of at least 1");
        reference.last = std::min(count, reference.last.value_or(count));
    } else if (key == "night") {
        const std::int64_t night = number_of(value);
        if (night == 0) return bad(part, "expected night:N with the number of a night");
        reference.nights.push_back(night);
    } else {
        return bad(part, fmt::format("unknown key \"{}\"; keys: label, kernel, policy, night, last", key));
    }
    return {};
}

}  // namespace

Expected<RunReference> parse_run_reference(std::string_view text) {
    RunReference reference;
    reference.text = text;
    // A directory's name may hold blanks.
    std::error_code ignored;
    if (fs::is_directory(text, ignored)) {
        reference.directories.push_back(directory_key(text));
        return reference;
    }
    std::size_t parts = 0;
    for (std::size_t at = text.find_first_not_of(kBlanks); at != std::string_view::npos; ++parts) {
        const std::size_t end = std::min(text.find_first_of(kBlanks, at), text.size());
        FL_RETURN_IF_ERROR(add_part(reference, text.substr(at, end - at)));
        at = text.find_first_not_of(kBlanks, end);
    }
    if (parts == 0) return bad(text, "empty; a run's id or directory, or label:, kernel:, policy:, night:, last:");
    return reference;
}

Status check_label(std::string_view label) {
    // A part of a reference with a slash is a directory.
    if (label.find_first_of(kBlanks) == std::string_view::npos &&
        label.find_first_of("*?/") == std::string_view::npos) {
        return {};
    }
    return Error{ErrorKind::kBadInput, fmt::format("label \"{}\": blanks, *, ? and / are not for labels", label)};
}

RunReference all_runs() {
    RunReference reference;
    reference.whole_only = false;
    return reference;
}

fs::path directory_key(const fs::path& directory) {
    std::error_code ignored;
    fs::path key = fs::absolute(directory, ignored).lexically_normal();
    if (!key.has_filename()) key = key.parent_path();
    return key;
}

}  // namespace faultline::results
