// A page about a run, or about what changed from one set of runs to another: one HTML file that needs nothing else.
//
// A report is planned first, which says what pictures it needs; whoever can draw them hands them back as SVG.
// Everything that was measured is shown as text, whatever it holds. Thread safety: values; pure functions.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/expected.h"
#include "plots/figure.h"
#include "plots/run_data.h"
#include "plots/trend.h"
#include "plots/verdict.h"

namespace faultline::plots {

struct ReportInput {
    RunSet run;                     ///< what the report is about
    std::optional<RunSet> against;  ///< what it is compared with
    std::optional<RunSet> history;  ///< earlier runs of the same device, policy and model, and `run` itself
};

struct ReportSection {
    std::string benchmark;
    std::optional<Judged> judged;       ///< absent where nothing was compared
    Trend history;                      ///< empty where there is none
    std::vector<std::size_t> pictures;  ///< indices
};

struct Report {
    ReportInput input;
    std::string title;
    std::string refused;                   ///< why the sides cannot be compared, so that only figures are shown
    std::vector<std::string> notes;        ///< on the comparison
    std::vector<std::string> differences;  ///< of the environments of the two sides
    std::vector<ReportSection> sections;   ///< in the order of the run
    std::vector<std::size_t> overview;     ///< pictures of many benchmarks
    std::vector<Picture> pictures;
};

Report plan_report(ReportInput input);

/// `svgs`: what gnuplot made of `report.pictures`, in their order.
std::string report_html(const Report& report, const std::vector<std::string>& svgs);

/// What an index page says of a report; it stands at the beginning of the file.
struct ReportEntry {
    std::string file;  ///< name in the folder
    std::string title;
    std::string started;  ///< UTC
    std::string device;
    std::string policy;
    std::string kernel;
    std::string label;  ///< what the run was asked for by
    std::size_t benchmarks = 0;
    std::size_t failed = 0;
    bool compared = false;
    std::size_t worse = 0;
    std::size_t better = 0;
};

/// Nothing when `html`, a file's text or the beginning of it, is no report.
std::optional<ReportEntry> read_entry(const std::string& file, std::string_view html);

/// Newest first.
std::string index_html(std::vector<ReportEntry> entries);

}  // namespace faultline::plots
