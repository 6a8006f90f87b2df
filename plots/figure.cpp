#include "plots/figure.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

namespace faultline::plots {
namespace {

// How many letters fit a canvas, in sixths of a pixel each.
constexpr std::size_t kLineLetter = 36;  // of a note
constexpr std::size_t kKeyLetter = 44;
constexpr std::size_t kTitleLetter = 55;
constexpr std::size_t kLines = 3;  // of a note
constexpr unsigned kTitleHeight = 30;
constexpr unsigned kTitleLine = 18;  // a second line of it
constexpr unsigned kNoteHeight = 15;
constexpr unsigned kKeyHeight = 16;
constexpr unsigned kAxisHeight = 54;  // tics and label

constexpr std::array<std::string_view, kColours> kPalette = {"#0072B2", "#D55E00", "#009E73", "#CC79A7",
                                                             "#E69F00", "#56B4E9", "#000000", "#999933"};

struct Fact {
    const char* key;
    const char* shown;
};
constexpr std::array<Fact, 4> kFacts = {
    {{"device", ""}, {"policy", "policy "}, {"model", "model "}, {"env_kernel_release", "kernel "}}};

std::string one_line(std::string_view text) {
    std::string line(text);
    for (char& c : line) {
        if (static_cast<unsigned char>(c) < ' ' || c == 0x7f) c = ' ';
    }
    return line;
}

std::string facts_line(const RunSet& set, bool shared, const std::vector<RunSet>& sets) {
    std::string line;
    for (const Fact& fact : kFacts) {
        const bool same = std::all_of(sets.begin(), sets.end(),
                                      [&](const RunSet& s) { return s.fact(fact.key) == sets.front().fact(fact.key); });
        const bool known = set.fact(fact.key) != "-";
        if (same == shared && (known || !shared))
            line += (line.empty() ? "" : ", ") + (fact.shown + set.fact(fact.key));
    }
    return line;
}

std::size_t letters(unsigned pixels, std::size_t letter) { return std::size_t{pixels} * 6 / letter; }

/// Broken at blanks; what does not fit the last line is left out of its middle.
std::vector<std::string> broken(std::string text, std::size_t length, std::size_t lines) {
    std::vector<std::string> out;
    while (text.size() > length && out.size() + 1 < lines) {
        const std::size_t blank = text.rfind(' ', length);
        if (blank == std::string::npos || blank == 0) break;
        out.push_back(text.substr(0, blank));
        text.erase(0, blank + 1);
    }
    out.push_back(shortened(text, length));
    return out;
}

/// The same picture in all: 96 pixels an inch, so that a size of 12 is 12 pixels and 9 points.
std::string terminal(const Picture& picture, Format format) {
    switch (format) {
        case Format::kSvg:
            return fmt::format(
                "set terminal svg size {},{} dynamic mouse standalone noenhanced font 'sans-serif,12' "
                "background 'white'\n",
                picture.width, picture.height);
        case Format::kPng:
            return fmt::format(
                "set terminal pngcairo size {},{} noenhanced font 'sans,12' fontscale 0.75 background 'white'\n",
                picture.width, picture.height);
        case Format::kPdf:
            break;
    }
    // A point of pdfcairo's is 4/3 of a point of pngcairo's: with the same scale, text ran out of the page.
    return fmt::format("set terminal pdfcairo size {:.3f}in,{:.3f}in noenhanced font 'sans,12' fontscale 0.5625\n",
                       picture.width / 96.0, picture.height / 96.0);
}

std::string_view extension(Format format) {
    return format == Format::kSvg ? "svg" : format == Format::kPng ? "png" : "pdf";
}

}  // namespace

std::string gp_text(const Picture& picture, const std::string& stem, Format format) {
    std::string text = "# Redraws the picture: gnuplot " + gp_quoted("./" + stem + ".gp") + "\n";
    text += terminal(picture, format);
    text += fmt::format("set output {}\n", gp_quoted(fmt::format("./{}.{}", stem, extension(format))));
    text += fmt::format("data = {}\n", gp_quoted("./" + stem + ".dat"));
    return text + picture.script + "unset output\n";
}

std::string inline_gp_text(const Picture& picture, const std::string& stem) {
    return fmt::format(
               "reset\nunset mxtics\nunset mytics\nset terminal svg size {},{} dynamic noenhanced name {} font "
               "'sans-serif,12'\n",
               picture.width, picture.height, gp_quoted(stem)) +
           fmt::format("set output './{0}.svg'\ndata = './{0}.dat'\n{1}unset output\n", stem, picture.script);
}

std::string_view colour(std::size_t curve) { return kPalette[curve % kColours]; }

std::string gp_quoted(std::string_view text) {
    std::string out = "'";
    for (const char c : one_line(text)) out += c == '\'' ? "''" : std::string(1, c);
    return out + "'";
}

std::string gp_tic(std::string_view text, double at) {
    std::string label;
    for (const char c : text) label += c == '%' ? "%%" : std::string(1, c);  // gnuplot takes it for a format
    return fmt::format("{} {:.7g}", gp_quoted(label), at);
}

std::string shortened(const std::string& text, std::size_t length) {
    if (text.size() <= length) return text;
    std::size_t front = (length - 3) / 3;
    std::size_t back = text.size() - (length - 3 - front);
    const auto inside = [&](std::size_t i) {
        return (static_cast<unsigned char>(text[i]) & 0xc0) == 0x80;
    };  // of UTF-8
    while (front > 0 && inside(front)) --front;
    while (back < text.size() && inside(back)) ++back;
    return text.substr(0, front) + "..." + text.substr(back);
}

Figure::Figure(std::string title, const std::vector<RunSet>& sets, const Canvas& canvas)
    : canvas_(canvas), title_(one_line(title)) {
    if (const std::string line = facts_line(sets.front(), true, sets); !line.empty()) note(line);
    for (const RunSet& set : sets) {
        const std::string facts = facts_line(set, false, sets);
        const std::string runs =
            set.runs.size() == 1 ? "run " + set.runs.front().uid.substr(0, 8) : fmt::format("{} runs", set.runs.size());
        note(fmt::format("{}: {}{}{}", set.name(), runs, facts.empty() ? "" : ", ", facts));
    }
}

void Figure::note(const std::string& line) {
    for (std::string& part : broken(one_line(line), letters(canvas_.width, kLineLetter), kLines)) {
        notes_.push_back(std::move(part));
    }
}

void Figure::make_room_for_names() { left = canvas_.width * 29 / 60; }

std::size_t Figure::block(const std::string& name, const std::string& columns,
                          const std::vector<std::vector<double>>& rows) {
    std::vector<std::string> lines;
    for (const auto& row : rows) {
        std::string line;
        for (const double value : row) line += fmt::format("{}{:.7g}", line.empty() ? "" : " ", value);
        lines.push_back(std::move(line));
    }
    return text_block(name, columns, lines);
}

std::size_t Figure::text_block(const std::string& name, const std::string& columns,
                               const std::vector<std::string>& rows) {
    if (blocks_ > 0) data_ += "\n\n";
    data_ += fmt::format("# {}\n# columns: {}\n", one_line(name), columns);
    for (const std::string& row : rows) data_ += row + "\n";
    return blocks_++;
}

void Figure::curve(const std::string& how, const std::string& key) {
    const std::string title =
        key.empty() ? "notitle" : "title " + gp_quoted(shortened(key, letters(canvas_.width - 60, kKeyLetter)));
    elements_.push_back(fmt::format("data {} {}", how, title));
    if (!key.empty()) ++keys_;
}

void Figure::next_panel() { panels_.push_back({std::exchange(settings_, {}), std::exchange(elements_, {})}); }

Picture Figure::picture() const {
    std::vector<Panel> panels = panels_;
    panels.push_back({settings_, elements_});
    const auto count = static_cast<unsigned>(panels.size());
    const std::vector<std::string> title = broken(title_, letters(canvas_.width - 20, kTitleLetter), 2);
    const unsigned title_height = kTitleHeight + kTitleLine * (static_cast<unsigned>(title.size()) - 1);
    const unsigned heading = title_height + kNoteHeight * static_cast<unsigned>(notes_.size()) + 10;
    const unsigned key = kKeyHeight * static_cast<unsigned>(keys_) + (keys_ > 0 ? 14 : 0);

    Picture result;
    result.title = title_;
    result.width = canvas_.width;
    result.height = heading + (plot_height + kAxisHeight) * count + key;
    const auto x = [&](double pixels) { return pixels / result.width; };
    const auto y = [&](double from_top) { return 1 - from_top / result.height; };  // gnuplot counts from the bottom

    result.data = fmt::format("# {}\n", title_);
    for (const std::string& line : notes_) result.data += "# " + line + "\n";
    result.data += data_;  // at once: blank lines here would make the first curve index 1

    std::string& script = result.script;
    script = "set encoding utf8\n";
    for (std::size_t i = 0; i < title.size(); ++i) {
        script += fmt::format("set label {} {} at screen {:.4f},{:.4f} left font ',15'\n", i + 1, gp_quoted(title[i]),
                              x(12), y(18 + kTitleLine * static_cast<double>(i)));
    }
    for (std::size_t i = 0; i < notes_.size(); ++i) {
        script += fmt::format("set label {} {} at screen {:.4f},{:.4f} left font ',11' textcolor rgb '#444444'\n",
                              title.size() + i + 1, gp_quoted(notes_[i]), x(12),
                              y(title_height + 7 + kNoteHeight * static_cast<double>(i)));
    }
    script += "set grid linecolor rgb '#dddddd' linetype 1\nset border 3\nset tics nomirror\n";
    if (keys_ > 0) {
        script += fmt::format(
            "set key at screen {:.4f},{:.4f} left top Left reverse maxcols 1 samplen 2 spacing 1 font ',12'\n",
            x(32),  // beside gnuplot's own button in SVG
            y(result.height - key + 4));
    } else {
        script += "unset key\n";
    }
    if (count > 1) script += "set multiplot\n";
    for (unsigned i = 0; i < count; ++i) {
        const double top = heading + static_cast<double>(i) * (plot_height + kAxisHeight);
        script += fmt::format(
            "set lmargin at screen {:.4f}\nset rmargin at screen {:.4f}\nset tmargin at screen {:.4f}\n"
            "set bmargin at screen {:.4f}\n",
            x(left), x(result.width - right), y(top), y(top + plot_height));
        script += panels[i].settings;
        script += "plot ";
        for (std::size_t e = 0; e < panels[i].elements.size(); ++e) {
            script += (e == 0 ? "" : ", \\\n     ") + panels[i].elements[e];
        }
        script += "\n";
        if (count > 1 && i + 1 < count) script += "unset label\n";
    }
    if (count > 1) script += "unset multiplot\n";
    return result;
}

}  // namespace faultline::plots
