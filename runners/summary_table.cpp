#include "runners/summary_table.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>
#include <vector>

#include "results/summary.h"
#include "runners/devices.h"
#include "runners/format.h"
#include "runners/plan.h"

namespace faultline::runners {
namespace {

using results::SummaryRow;

constexpr std::size_t kFigures = 7;
constexpr std::array<const char*, kFigures> kHeadings = {"faults/s", "vary", "p50", "p99", "p99.9", "max", "B/s"};
constexpr std::array<int, kFigures> kWidths = {8, 4, 6, 6, 6, 6, 5};

template <typename Format>
std::string cell(const std::optional<double>& value, Format format) {
    return value ? format(*value) : std::string("-");
}

std::array<std::string, kFigures> cells(const SummaryRow& row) {
    return {cell(row.faults_per_second, format_quantity),
            cell(row.spread, [](double s) { return fmt::format("{:.0f}%", s * 100); }),
            cell(row.p50, format_latency),
            cell(row.p99, format_latency),
            cell(row.p999, format_latency),
            cell(row.max, format_latency),
            cell(row.bytes_per_second, format_quantity)};
}

/// The part of a name that differs within its family, without what Google Benchmark adds to say how it timed.
std::string short_name(const std::string& benchmark) {
    std::string name = benchmark.substr(std::min(benchmark.size(), family_of(benchmark).size() + 1));
    for (const char* suffix : {"/real_time", "/manual_time", "/process_time"}) {
        if (name.ends_with(suffix)) name.erase(name.size() - std::string_view(suffix).size());
    }
    return name.empty() ? benchmark : name;
}

std::string line(const std::string& name, std::size_t name_width, int gap,
                 const std::array<std::string, kFigures>& figures) {
    std::string text = fmt::format("{:<{}}", name, name_width);
    for (std::size_t i = 0; i < kFigures; ++i) text += fmt::format("{:{}}{:>{}}", "", gap, figures[i], kWidths[i]);
    return text + "\n";
}

std::string heading(const results::Manifest& manifest, std::size_t benchmarks, std::size_t failed) {
    std::string text = fmt::format("suite {}: {} benchmarks, {} failed, {}{}\n", manifest.suite, benchmarks, failed,
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
    int figures_width = 0;
    for (const int width : kWidths) figures_width += width;
    const bool roomy = static_cast<int>(name_width) + figures_width + 2 * static_cast<int>(kFigures) <= columns;
    const int gap = roomy ? 2 : 1;
    std::array<std::string, kFigures> headings;
    std::copy(kHeadings.begin(), kHeadings.end(), headings.begin());
    std::string text = line("", name_width, gap, headings);
    std::string family;
    for (const SummaryRow& row : rows) {
        if (family_of(row.benchmark) != family) {
            family = family_of(row.benchmark);
            text += family + "\n";
        }
        text += line(" " + short_name(row.benchmark), name_width, gap, cells(row));
    }
    return text;
}

}  // namespace

std::string summary_text(const results::Manifest& manifest, const results::BenchmarkReport& report, int columns) {
    const std::vector<SummaryRow> rows = summarise(report);
    std::vector<SummaryRow> good;
    std::string failures;
    for (const SummaryRow& row : rows) {
        if (row.error.empty()) {
            good.push_back(row);
        } else {
            failures += fmt::format("  {}: {}\n", row.benchmark, row.error);
        }
    }
    for (const results::FamilyRecord& family : manifest.families) {
        // A process can fail after all its benchmarks reported; then no benchmark says so.
        if (family.state != "ok" && family.failed == 0) {
            failures += fmt::format("  {}: {}: {}\n", family.family, family.state, family.detail);
        }
    }
    std::string text = heading(manifest, rows.size(), rows.size() - good.size()) + "\n";
    if (!good.empty()) {
        text += table(good, columns);
        text +=
            "\nMedians over repetitions; max: the largest of all; vary: (max - min) / median of the rate.\nLatencies: "
            "of every access, faulting or not, by the device's clock.\n";
    }
    if (!failures.empty()) text += "\nfailed or not run:\n" + failures;
    return text;
}

}  // namespace faultline::runners
