// Text as HTML, and gnuplot's SVG as a part of a page.
//
// Thread safety: pure functions.
#pragma once

#include <string>
#include <string_view>

namespace faultline::plots {

/// For text and for attributes in double quotes.
std::string escaped(std::string_view text);

/// The <svg> element of gnuplot's output for a page (inline_gp_text). Fonts, markers and defaults are left out: the
/// page says them once. Black becomes the page's own colour, so that it also reads on a dark one. `title` is for those
/// who cannot see it.
std::string inline_svg(std::string_view svg, const std::string& title);

/// The markers that inlined pictures refer to; once a page, before them.
std::string_view marker_definitions();

}  // namespace faultline::plots
