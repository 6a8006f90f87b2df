// All kernels of a matrix beside each other: one line a benchmark and metric, one column a kernel.
//
// Thread safety: pure functions.
#pragma once

#include <string>
#include <vector>

#include "results/compare/compare.h"

namespace faultline::runners {

/// Each of `comparisons` has the same A, the baseline; `releases` names it and then the B of each. A cell is the
/// change from the baseline with its verdict. GitHub's Markdown, aligned so that it reads as text.
std::string matrix_table(const std::vector<std::string>& releases, const std::vector<results::Comparison>& comparisons);

}  // namespace faultline::runners
