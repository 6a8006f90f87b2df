#include <fmt/format.h>

#include <memory>

#include "runners/command/verb.h"
#include "runners/look/write_report.h"

namespace faultline::runners {
namespace {

int report(const ReportOptions& options) {
    const Expected<std::filesystem::path> file = write_report(options);
    if (!file) return report_error(file.error());
    if (options.output.extension() != ".html") fmt::print("{}\n", file->string());
    return kExitOk;
}

Action define(Options& options) {
    const auto given = std::make_shared<ReportOptions>();
    options.add("--run", given->run, "runs, as for `runs`: 'label:nightly last:1'");
    options.add("--against", given->against, "runs that they are compared with");
    options.add("-o,--output", given->output,
                "FILE.html, or a directory, which gets the file and an index of all reports in it");
    add_database(options, given->database);
    return [given](const Invocation&) { return report(*given); };
}

}  // namespace

extern const Verb kReport = {"report", "write an HTML page about stored runs", define};

}  // namespace faultline::runners
