// Where a verb's result goes: standard output, or a file.
//
// Thread safety: one verb at a time in a process. Errors: kUnavailable, for a disk that is full or a place that cannot
// be written.
#pragma once

#include <filesystem>
#include <string_view>

#include "base/expected.h"

namespace faultline::runners {

/// To standard output, whole.
Status print_text(std::string_view text);

/// To the file, which is replaced only by a whole one; to standard output where `file` is empty.
Status write_text(const std::filesystem::path& file, std::string_view text);

}  // namespace faultline::runners
