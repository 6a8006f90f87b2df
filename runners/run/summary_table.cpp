#include "runners/run/summary_table.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>
#include <vector>

#include "results/summary.h"
#include "runners/system/devices.h"
#include "runners/system/format.h"
#include "vocabulary/benchmark_name.h"

namespace faultline::runners {
namespace {

using results::SummaryRow;

/// One column: its heading, its width, and the cell of a row; nothing where the row has no such figure.
struct Column {
    const char* heading;
    int width;
    std::optional<std::string> (*cell)(const SummaryRow& row);
};

template <typename Format>
std::optional<std::string> formatted(const std::optional<double>& value, Format format) {
    return value ? std::optional<std::string>(format(*value)) : std::nullopt;
}

constexpr std::array kColumns = {
    Column{"faults/s", 8, [](const SummaryRow& r) { return formatted(r.faults_per_second, format_quantity); }},
    Column{"vary", 4,
           [](const SummaryRow& r) {
               return formatted(r.spread, [](double s) { return fmt::format("{:.0f}%", s * 100); });
           }},
    Column{"p50", 6, [](const SummaryRow& r) { return formatted(r.p50, format_latency); }},
    Column{"p99", 6, [](const SummaryRow& r) { return formatted(r.p99, format_latency); }},
    Column{"p99.9", 6, [](const SummaryRow& r) { return formatted(r.p999, format_latency); }},
    Column{"max", 6, [](const SummaryRow& r) { return formatted(r.max, format_latency); }},
    Column{"B/s", 5, [](const SummaryRow& r) { return formatted(r.bytes_per_second, format_quantity); }},
    Column{"speedup", 7,
           [](const SummaryRow& r) { return formatted(r.speedup, [](double x) { return fmt::format("{:.2f}", x); }); }},
};

/// Those that some row has a figure for.
std::vector<Column> columns_of(const std::vector<SummaryRow>& rows) {
    std::vector<Column> used;
    for (const Column& column : kColumns)
        if (std::any_of(rows.begin(), rows.end(), [&](const SummaryRow& row) { return column.cell(row).has_value(); }))
            used.push_back(column);
    return used;
}

/// The part of a name that differs within its family.
std::string short_name(const std::string& benchmark) {
    const std::size_t family = family_of(benchmark).size();
    return benchmark.size() > family + 1 ? benchmark.substr(family + 1) : benchmark;
}

/// `cell` gives each column's text.
template <typename Cell>
std::string line(const std::string& name, std::size_t name_width, int gap, const std::vector<Column>& columns,
                 Cell cell) {
    std::string text = fmt::format("{:<{}}", name, name_width);
    for (const Column& column : columns) text += fmt::format("{:{}}{:>{}}", "", gap, cell(column), column.width);
    return text + "\n";
}

std::string heading(const results::Manifest& manifest, std::size_t benchmarks, std::size_t failed,
                    std::size_t skipped) {
    std::string text = fmt::format("suite {}: {} benchmarks, {} failed, {}{}{}\n", manifest.suite, benchmarks, failed,
                                   skipped > 0 ? fmt::format("{} skipped, ", skipped) : "",
                                   format_seconds(manifest.seconds), manifest.interrupted ? ", interrupted" : "");
    text += describe(manifest.device) + "\n";
    if (!manifest.device.model.empty()) {
        text +=
            fmt::format("A software GPU on this host: every time below is modelled (model: {}), not a real GPU's.\n",
                        manifest.device.model);
    }
    return text;
}

std::string table(const std::vector<SummaryRow>& rows, int columns) {
    std::size_t name_width = 0;
    for (const SummaryRow& row : rows) name_width = std::max(name_width, short_name(row.benchmark).size() + 1);
    const std::vector<Column> used = columns_of(rows);
    int figures_width = 0;
    for (const Column& column : used) figures_width += column.width;
    const bool roomy = static_cast<int>(name_width) + figures_width + 2 * static_cast<int>(used.size()) <= columns;
    const int gap = roomy ? 2 : 1;
    std::string text = line("", name_width, gap, used, [](const Column& column) { return column.heading; });
    std::string family;
    for (const SummaryRow& row : rows) {
        if (family_of(row.benchmark) != family) {
            family = family_of(row.benchmark);
            text += family + "\n";
        }
        text += line(" " + short_name(row.benchmark), name_width, gap, used,
                     [&](const Column& column) { return column.cell(row).value_or("-"); });
    }
    return text;
}

}  // namespace

std::string summary_text(const results::Manifest& manifest, const results::BenchmarkReport& report, int columns) {
    const std::vector<SummaryRow> rows = summarise(report);
    std::vector<SummaryRow> good;
    std::string failures;
    std::string skips;
    std::size_t failed = 0;
    std::size_t skipped = 0;
    for (const SummaryRow& row : rows) {
        if (!row.error.empty()) {
            ++failed;
            failures += fmt::format("  {}: {}\n", row.benchmark, row.error);
        } else if (!row.skipped.empty()) {
            ++skipped;
            skips += fmt::format("  {}: {}\n", row.benchmark, row.skipped);
        } else {
            good.push_back(row);
        }
    }
    for (const results::FamilyRecord& family : manifest.families) {
        // A process can fail after all its benchmarks reported; then no benchmark says so.
        if (family.state != "ok" && family.failed == 0) {
            failures += fmt::format("  {}: {}: {}\n", family.family, family.state, family.detail);
        }
    }
    std::string text = heading(manifest, rows.size(), failed, skipped);
    if (!good.empty()) {
        text += "\n" + table(good, columns);
        text +=
            "\nMedians over repetitions; max: the largest of all; vary: (max - min) / median of the rate.\nLatencies: "
            "of every access, faulting or not, call or launch, whichever a family measures.\n";
        if (std::any_of(good.begin(), good.end(), [](const SummaryRow& row) { return row.speedup.has_value(); }))
            text += "speedup: over the baseline that was measured in turn with it.\n";
    }
    if (!skips.empty()) text += "\nskipped:\n" + skips;
    if (!failures.empty()) text += "\nfailed or not run:\n" + failures;
    return text;
}

}  // namespace faultline::runners
