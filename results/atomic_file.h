// Files that are either whole or absent: written beside their place, then renamed onto it.
//
// Thread safety: independent paths may be written concurrently. Errors name the path and the system's reason.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "base/expected.h"

namespace faultline::results {

/// The bytes of a file. Error: kBadInput.
Expected<std::string> read_file(const std::filesystem::path& path);

/// Replaces `path` by `text` in one step; on failure `path` is as it was. Error: kUnavailable.
Status write_file_atomically(const std::filesystem::path& path, std::string_view text);

}  // namespace faultline::results
