// A picture as text: the numbers (.dat) and the gnuplot script (.gp) that draws them, kept beside it so that a reader
// can redraw it.
//
// Figure lays a chart out in pixels: heading, what was measured on what, one plot area, axis, key with one curve a
// line. All text is shown as it stands: no name can carry markup or a command into gnuplot or SVG. Thread safety:
// values; everything here is a pure function of its input.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "plots/run_data.h"

namespace faultline::plots {

enum class Format { kSvg, kPng, kPdf };

struct Picture {
    std::string title;  ///< one line, for whoever cannot see it
    std::string data;   ///< blocks, apart by two blank lines; the script reads them by index from the variable `data`
    std::string script;
    unsigned width = 640;
    unsigned height = 480;
};

/// What a chart is drawn on. Text has the same size on each, so that less of it fits a narrow one.
struct Canvas {
    unsigned width = 640;
    std::size_t points = 400;  ///< of a curve: more than there are columns to tell apart
};

/// The whole script. It reads STEM.dat and writes STEM.svg, .png or .pdf in the directory where gnuplot runs.
/// REQUIRES: `stem` holds no "/" and no control character.
std::string gp_text(const Picture& picture, const std::string& stem, Format format);

/// The same as an SVG for a page that holds many: without the parts that answer the mouse, ids beginning with `stem`.
std::string inline_gp_text(const Picture& picture, const std::string& stem);

/// Okabe and Ito's colours, which the colour-blind tell apart.
inline constexpr std::size_t kColours = 8;
std::string_view colour(std::size_t curve);

/// In single quotes, as gnuplot reads it.
std::string gp_quoted(std::string_view text);
/// One entry of "set xtics (...)", shown as it stands.
std::string gp_tic(std::string_view text, double at);
/// At most `length` bytes of UTF-8, the middle left out: both ends of a benchmark's name say which it is.
std::string shortened(const std::string& text, std::size_t length);

class Figure {
public:
    /// Says under the title on which device, policy, model and kernel each set ran: once where they agree.
    Figure(std::string title, const std::vector<RunSet>& sets, const Canvas& canvas);

    /// A further note under the title, in as many lines as it takes, three at most.
    void note(const std::string& line);
    /// Numbers of one curve; gives its index. `columns` says what they are and in which unit.
    std::size_t block(const std::string& name, const std::string& columns,
                      const std::vector<std::vector<double>>& rows);
    /// A block whose rows are text, one already formatted line each.
    std::size_t text_block(const std::string& name, const std::string& columns, const std::vector<std::string>& rows);
    /// One "plot" element, `how` as gnuplot writes it after the file name, with a line in the key unless `key` is
    /// empty.
    void curve(const std::string& how, const std::string& key);
    /// A line of the script before the plot.
    void set(const std::string& line) { settings_ += line + "\n"; }
    /// Ends a panel of several, drawn below each other; `height` of what follows.
    void next_panel();

    unsigned plot_height = 300;
    unsigned left = 80;   ///< room for the axis
    unsigned right = 18;  ///< room at the other side

    /// Room for names beside the rows of a chart, and how many bytes of a name fit it, in letters of 10 pixels.
    void make_room_for_names();
    std::size_t name_length() const { return (left - 14) * 10 / 52; }

    Picture picture() const;

private:
    struct Panel {
        std::string settings;
        std::vector<std::string> elements;
    };

    Canvas canvas_;
    std::string title_;
    std::vector<std::string> notes_;
    std::string data_;
    std::size_t blocks_ = 0;
    std::string settings_;
    std::vector<std::string> elements_;
    std::vector<Panel> panels_;
    std::size_t keys_ = 0;
};

}  // namespace faultline::plots
