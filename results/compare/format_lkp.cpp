// Plain text of at most 80 columns, in the manner of the kernel test robot's mails.
#include <fmt/format.h>

#include <algorithm>

#include "results/compare/figures.h"
#include "results/compare/format.h"

namespace faultline::results {
namespace {

constexpr std::size_t kColumns = 80;

/// Breaks at spaces, and in words that are longer than a line; each line starts with `indent` spaces.
std::string wrapped(const std::string& text, std::size_t indent) {
    const std::size_t width = kColumns - indent;
    std::string out;
    for (std::size_t at = 0; at < text.size();) {
        std::size_t length = std::min(width, text.size() - at);
        if (at + length < text.size()) {
            const std::size_t space = text.rfind(' ', at + length);
            if (space != std::string::npos && space > at) length = space - at;
        }
        out += std::string(indent, ' ') + text.substr(at, length) + "\n";
        at += length;
        if (at < text.size() && text[at] == ' ') ++at;
    }
    return out;
}

std::string line_of(const ComparedMetric& row) {
    const auto side = [&](const std::optional<double>& median) {
        return median ? figure(*median, row.metric.unit) : std::string("-");
    };
    const std::string ratio = row.median_a && row.median_b ? change(row.ratio()) : "-";
    std::string line = fmt::format("{:>11} {:>8} {:<18} {:>11}  {}", side(row.median_a), ratio, interval(row),
                                   side(row.median_b), row.metric.name);
    return line.size() <= kColumns ? line + "\n" : wrapped(line, 0);
}

}  // namespace

std::string lkp_text(const Comparison& comparison) {
    std::string text =
        wrapped("Comparison of", 0) + wrapped("A: " + comparison.label_a, 2) + wrapped("B: " + comparison.label_b, 2);
    for (const std::string& difference : comparison.differences) text += wrapped(difference, 4);
    for (const std::string& note : comparison.notes) text += wrapped("Note: " + note, 0);
    text += "\n" + wrapped(totals(comparison) + ". " + conclusion(comparison), 0);
    for (const Section& section : sections_of(comparison)) {
        if (section.verdict == Verdict::kSame) continue;
        text += fmt::format("\n{}:\n\n{:>11} {:>8} {:<18} {:>11}  {}\n{} {} {} {}  {}\n", to_string(section.verdict),
                            "A", "change", "interval", "B", "metric", std::string(11, '-'), std::string(8, '-'),
                            std::string(18, '-'), std::string(11, '-'), std::string(20, '-'));
        const ComparedMetric* last = nullptr;
        for (const ComparedMetric* row : section.rows) {
            const bool other_reason = last == nullptr || last->reason != row->reason;
            if (other_reason && !row->reason.empty()) text += wrapped("* " + row->reason + ":", 0);
            const bool is_new = other_reason || last->benchmark != row->benchmark;
            if (is_new) text += wrapped(row->benchmark, 0);
            text += line_of(*row);
            if (const std::string why = stages_text(*row); is_new && !why.empty()) text += wrapped(why, 12);
            last = row;
        }
    }
    return text + "\n" + wrapped(method(comparison), 0);
}

}  // namespace faultline::results
