// What every page has: one file without a network, style and script within it.
//
// Thread safety: pure functions.
#pragma once

#include <string>
#include <string_view>

namespace faultline::plots {

/// plots/page/page.css and page.js, built in.
std::string_view page_style();
std::string_view page_script();

/// `head` goes into the head as it stands, `body` into the body; `title` is text. A policy in the page forbids the
/// browser to load anything.
std::string page_html(const std::string& title, const std::string& head, const std::string& body, bool with_script);

}  // namespace faultline::plots
