#include "runners/matrix/table.h"

#include <fmt/format.h>

#include <algorithm>

#include "results/compare/figures.h"

namespace faultline::runners {
namespace {

using results::ComparedMetric;
using results::Comparison;

const ComparedMetric* find_row(const Comparison& comparison, const ComparedMetric& like) {
    for (const ComparedMetric& row : comparison.rows) {
        if (row.benchmark == like.benchmark && row.metric.name == like.metric.name) return &row;
    }
    return nullptr;
}

std::string cell(const ComparedMetric* row) {
    if (row == nullptr || !row->median_a || !row->median_b) return "-";
    return fmt::format("{} {}", results::change(row->ratio()), to_string(row->verdict));
}

}  // namespace

std::string matrix_table(const std::vector<std::string>& releases, const std::vector<Comparison>& comparisons) {
    std::vector<std::vector<std::string>> rows = {{"benchmark", "metric", releases.front()}};
    for (std::size_t i = 1; i < releases.size(); ++i) rows.front().push_back(releases[i]);
    for (const ComparedMetric& row : comparisons.front().rows) {
        std::vector<std::string> cells = {row.benchmark, row.metric.name,
                                          row.median_a ? results::figure(*row.median_a, row.metric.unit) : "-"};
        for (const Comparison& comparison : comparisons) cells.push_back(cell(find_row(comparison, row)));
        rows.push_back(std::move(cells));
    }

    std::vector<std::size_t> widths(rows.front().size());
    for (const auto& cells : rows) {
        for (std::size_t i = 0; i < cells.size(); ++i) widths[i] = std::max(widths[i], cells[i].size());
    }
    const auto line = [&](const std::vector<std::string>& cells) {
        std::string text = "|";
        for (std::size_t i = 0; i < cells.size(); ++i) text += fmt::format(" {:<{}} |", cells[i], widths[i]);
        return text + "\n";
    };
    std::string text = line(rows.front()) + "|";
    for (const std::size_t width : widths) text += std::string(width + 2, '-') + "|";
    text += "\n";
    for (std::size_t i = 1; i < rows.size(); ++i) text += line(rows[i]);
    return text;
}

}  // namespace faultline::runners
