#include <fmt/format.h>

#include <cstdio>

#include "results/atomic_file.h"
#include "results/run_directory.h"
#include "results/store/export.h"
#include "runners/commands.h"

namespace faultline::runners {
namespace {

namespace fs = std::filesystem;

Status write(const fs::path& output, const std::string& text) {
    if (!output.empty()) return results::write_file_atomically(output, text);
    if (std::fwrite(text.data(), 1, text.size(), stdout) != text.size() || std::fflush(stdout) != 0) {
        return Error{ErrorKind::kUnavailable, "cannot write to standard output: is the disk full?"};
    }
    return {};
}

/// One file a benchmark, since that is what HdrHistogram's plotter takes.
Status write_hgrm(const results::Store& store, const std::vector<results::RunInfo>& runs, const fs::path& directory) {
    if (directory.empty()) {
        return Error{ErrorKind::kBadInput, "--format hgrm writes one file a benchmark: --output names their directory"};
    }
    const auto latencies = results::latencies_of(store, runs);
    if (!latencies) return latencies.error();
    if (latencies->empty()) return Error{ErrorKind::kBadInput, "no latencies are stored for these runs"};
    std::error_code error;
    fs::create_directories(directory, error);
    for (const auto& [benchmark, histogram] : *latencies) {
        const fs::path file = directory / (results::file_name_of(benchmark) + ".hgrm");
        if (Status s = results::write_file_atomically(file, to_hgrm(histogram)); !s) return s;
    }
    return {};
}

Status export_runs(const ExportOptions& options) {
    const Expected<results::RunReference> reference = results::parse_run_reference(options.reference);
    if (!reference) return reference.error();
    const Expected<results::Store> store = results::Store::open(options.database, results::Database::Mode::kExisting);
    if (!store) return store.error();
    if (options.format == "json") {
        const Expected<results::RunInfo> run = store->find_one(*reference);
        if (!run) return run.error();
        const Expected<results::BenchmarkReport> report = report_of(*store, *run);
        return report ? write(options.output, to_text(*report)) : Status(report.error());
    }
    const Expected<std::vector<results::RunInfo>> runs = store->find(*reference);
    if (!runs) return runs.error();
    if (options.format == "hgrm") return write_hgrm(*store, *runs, options.output);
    const Expected<std::string> csv = csv_of(*store, *runs);
    return csv ? write(options.output, *csv) : Status(csv.error());
}

}  // namespace

int export_command(const ExportOptions& options) {
    const Status status = export_runs(options);
    return status ? kExitOk : report_error(status.error());
}

}  // namespace faultline::runners
