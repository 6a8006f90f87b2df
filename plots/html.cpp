#include "plots/html.h"

#include <array>
#include <cctype>
#include <utility>

namespace faultline::plots {
namespace {

void replace_all(std::string& text, std::string_view from, std::string_view to) {
    std::string out;
    std::size_t done = 0;
    for (std::size_t at = text.find(from); at != std::string::npos; at = text.find(from, done)) {
        out.append(text, done, at - done).append(to);
        done = at + from.size();
    }
    text = out.append(text, done);
}

/// Removes every element of this name, which has no attributes and holds none of its kind.
void remove_elements(std::string& text, const std::string& name) {
    std::string out;
    std::size_t done = 0;
    for (std::size_t at = text.find("<" + name + ">"); at != std::string::npos;
         at = text.find("<" + name + ">", done)) {
        const std::size_t end = text.find("</" + name + ">", at);
        if (end == std::string::npos) break;
        out.append(text, done, at - done);
        done = end + name.size() + 3;
    }
    text = out.append(text, done);
}

/// "<g ...></g>" with nothing in it, of which gnuplot writes many.
void remove_empty_groups(std::string& text) {
    std::string out;
    std::size_t done = 0;
    for (std::size_t at = text.find("></g>"); at != std::string::npos; at = text.find("></g>", at + 5)) {
        const std::size_t begin = text.rfind('<', at);
        if (begin < done || (text.compare(begin, 3, "<g ") != 0 && text.compare(begin, 3, "<g>") != 0)) continue;
        out.append(text, done, begin - done);
        done = at + 5;
    }
    text = out.append(text, done);
}

/// White space becomes one blank, and none beside a tag.
std::string without_layout(std::string_view text) {
    std::string out;
    bool blank = false;
    for (const char c : text) {
        if (std::isspace(static_cast<unsigned char>(c)) != 0) {
            blank = true;
            continue;
        }
        if (blank && c != '<' && !out.empty() && out.back() != '>') out += ' ';
        blank = false;
        out += c;
    }
    return out;
}

/// A hundredth of a pixel shows nowhere: "12.34" of coordinates becomes "12.3".
std::string with_tenths(std::string_view text) {
    std::string out;
    const auto digit = [&](std::size_t i) {
        return i < text.size() && std::isdigit(static_cast<unsigned char>(text[i])) != 0;
    };
    bool in_tag = false;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '<') in_tag = true;
        if (text[i] == '>') in_tag = false;
        out += text[i];
        if (in_tag && text[i] == '.' && i > 0 && digit(i - 1) && digit(i + 1) && digit(i + 2) && !digit(i + 3)) {
            if (text[i + 1] == '0') {
                out.pop_back();
            } else {
                out += text[i + 1];
            }
            i += 2;
        }
    }
    return out;
}

}  // namespace

std::string escaped(std::string_view text) {
    std::string out;
    for (const char c : text) {
        switch (c) {
            case '&':
                out += "&amp;";
                break;
            case '<':
                out += "&lt;";
                break;
            case '>':
                out += "&gt;";
                break;
            case '"':
                out += "&quot;";
                break;
            case '\'':
                out += "&#39;";
                break;
            default:
                out += c;
        }
    }
    return out;
}

std::string inline_svg(std::string_view svg, const std::string& title) {
    const std::size_t begin = svg.find("<svg");
    const std::size_t end = svg.rfind("</svg>");
    if (begin == std::string_view::npos || end == std::string_view::npos) return "";
    std::string text = without_layout(svg.substr(begin, end + 6 - begin));
    // Titles are what gnuplot calls the picture and its curves, no names for people.
    for (const char* name : {"defs", "desc", "title"}) remove_elements(text, name);
    const std::size_t background = text.find("<rect ");
    if (background != std::string::npos) text.erase(background, text.find("/>", background) + 2 - background);
    // What page.css says once: black lines without filling, class l for grid lines, t for text, w for wide lines.
    static constexpr std::array<std::pair<std::string_view, std::string_view>, 23> kShorter = {{
        {" id=\"gnuplot_canvas\"", ""},
        {" xmlns=\"http://www.w3.org/2000/svg\"", ""},
        {" xmlns:xlink=\"http://www.w3.org/1999/xlink\"", ""},
        {"xlink:href", "href"},
        {" stroke-linecap=\"butt\" stroke-linejoin=\"miter\"", ""},
        {" stroke-width=\"1.00\"", ""},
        {" text-anchor=\"start\"", ""},
        {"<g fill=\"none\" stroke=\"currentColor\" stroke-width=\"2.00\">", "<g class=\"w\">"},
        {"<tspan font-family=\"sans-serif\">", ""},
        {"<tspan font-family=\"sans-serif\" >", ""},
        {"</tspan>", ""},
        {" font-family=\"sans-serif\"", ""},
        {" font-size=\"12.00\"", ""},
        {" color=\"black\"", ""},
        {" color=\"#FFFFFF\"", ""},
        {"<g fill=\"none\" stroke=\"currentColor\">", "<g>"},
        {"<path stroke='rgb(221, 221, 221)' class=\"gridline\"", "<path class=\"l\""},
        {"<path stroke='black'", "<path"},
        {" stroke=\"none\" fill=\"black\"", " class=\"t\""},
        {" stroke=\"none\" fill=\"rgb(68,68,68)\"", " class=\"t\""},
        {"stroke='black'", "stroke='currentColor'"},
        {"stroke='rgb( 0, 0, 0)'", "stroke='currentColor'"},
        {"stroke='rgb( 68, 68, 68)'", "stroke='currentColor'"},
    }};
    for (const auto& [from, to] : kShorter) replace_all(text, from, to);
    remove_empty_groups(text);
    text = with_tenths(text);
    // Text between the tags is gnuplot's, escaped by it; the title is ours.
    const std::size_t open = text.find('>');
    return "<svg role=\"img\" aria-label=\"" + escaped(title) + "\"" + text.substr(4, open - 4) + text.substr(open);
}

std::string_view marker_definitions() {
    return "<svg width=\"0\" height=\"0\" aria-hidden=\"true\" class=\"markers\"><defs>"
           "<circle id=\"gpDot\" r=\"0.5\" stroke-width=\"0.5\" stroke=\"currentColor\"/>"
           "<path id=\"gpPt0\" stroke-width=\"0.242\" stroke=\"currentColor\" d=\"M-1,0 h2 M0,-1 v2\"/>"
           "<rect id=\"gpPt4\" stroke-width=\"0.242\" stroke=\"currentColor\" fill=\"currentColor\" x=\"-1\" y=\"-1\" "
           "width=\"2\" height=\"2\"/>"
           "<circle id=\"gpPt5\" stroke-width=\"0.242\" stroke=\"currentColor\" cx=\"0\" cy=\"0\" r=\"1\"/>"
           "<circle id=\"gpPt6\" stroke-width=\"0.242\" stroke=\"none\" fill=\"currentColor\" cx=\"0\" cy=\"0\" "
           "r=\"1\"/>"
           "<path id=\"gpPt8\" stroke-width=\"0.242\" stroke=\"none\" fill=\"currentColor\" "
           "d=\"M0,-1.33 L-1.33,0.67 L1.33,0.67 z\"/>"
           "<path id=\"gpPt11\" stroke-width=\"0.242\" stroke=\"currentColor\" d=\"M0,-1.41 L1.41,0 L0,1.41 L-1.41,0 "
           "z\"/>"
           "</defs></svg>\n";
}

}  // namespace faultline::plots
