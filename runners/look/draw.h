// Makes pictures of what plots/ draws as text, with gnuplot in a process of its own.
//
// Thread safety: calls for different files may run concurrently. Errors: kBadInput for a file name that says no format,
// kUnavailable when gnuplot is missing or fails, or the disk does.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "base/expected.h"
#include "plots/figure.h"

namespace faultline::runners {

/// Writes the data and the script beside the picture (X.svg, X.dat, X.gp) and makes it. An earlier picture is replaced
/// only by a whole one.
Status draw(const plots::Picture& picture, const std::filesystem::path& output);

/// Several pictures as SVG text, in one process of gnuplot and without leaving files.
Expected<std::vector<std::string>> draw_svgs(const std::vector<plots::Picture>& pictures);

}  // namespace faultline::runners
