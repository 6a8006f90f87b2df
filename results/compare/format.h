// A comparison as text: for a terminal, for mail, for a web page, and for programs.
//
// Thread safety: pure functions.
#pragma once

#include <string>

#include "results/compare/compare.h"
#include "results/compare/shape.h"

namespace faultline::results {

/// Everything, worse first. With `colour`, verdicts have ANSI colours.
std::string terminal_text(const Comparison& comparison, bool colour);

/// As reports of kernel tests look on mailing lists: plain text, no line over 80 columns. What stayed the same is
/// counted, not listed.
std::string lkp_text(const Comparison& comparison);

/// GitHub's Markdown; what stayed the same is folded away.
std::string markdown_text(const Comparison& comparison);

/// Everything, with all digits. docs/statistics.md names the members.
std::string json_text(const Comparison& comparison);

/// Shapes in the same formats; for a terminal and for mail they look the same.
std::string plain_text(const ShapeComparison& comparison);
std::string markdown_text(const ShapeComparison& comparison);
std::string json_text(const ShapeComparison& comparison);

}  // namespace faultline::results
