#include <fmt/format.h>

#include <memory>

#include "results/atomic_file.h"
#include "results/run_directory.h"
#include "results/store/export.h"
#include "runners/command/output.h"
#include "runners/command/shared_options.h"
#include "runners/command/verb.h"

namespace faultline::runners {
namespace {

namespace fs = std::filesystem;

struct ExportOptions {
    std::vector<std::string> reference;
    std::string format = "json";  ///< "json", "csv" or "hgrm"
    fs::path output;              ///< a file, for hgrm a directory; empty: standard output
    fs::path database = kDefaultDatabase;
};

/// One file a benchmark, since that is what HdrHistogram's plotter takes.
Status write_hgrm(const results::Store& store, const std::vector<results::RunInfo>& runs, const fs::path& directory) {
    if (directory.empty()) {
        return Error{ErrorKind::kBadInput, "--format hgrm writes one file a benchmark: --output names their directory"};
    }
    FL_ASSIGN_OR_RETURN(const auto latencies, results::latencies_of(store, runs));
    if (latencies.empty()) return Error{ErrorKind::kBadInput, "no latencies are stored for these runs"};
    std::error_code error;
    fs::create_directories(directory, error);
    for (const auto& [benchmark, histogram] : latencies) {
        const fs::path file = directory / (results::file_name_of(benchmark) + ".hgrm");
        FL_RETURN_IF_ERROR(results::write_file_atomically(file, to_hgrm(histogram)));
    }
    return {};
}

Status export_runs(const ExportOptions& options) {
    FL_ASSIGN_OR_RETURN(const results::RunReference reference,
                        results::parse_run_reference(fmt::format("{}", fmt::join(options.reference, " "))));
    FL_ASSIGN_OR_RETURN(const results::Store store,
                        results::Store::open(options.database, results::Database::Mode::kExisting));
    if (options.format == "json") {
        FL_ASSIGN_OR_RETURN(const results::RunInfo run, store.find_one(reference));
        FL_ASSIGN_OR_RETURN(const results::BenchmarkReport report, report_of(store, run));
        return write_text(options.output, to_text(report));
    }
    FL_ASSIGN_OR_RETURN(const std::vector<results::RunInfo> runs, store.find(reference));
    if (options.format == "hgrm") return write_hgrm(store, runs, options.output);
    FL_ASSIGN_OR_RETURN(const std::string csv, csv_of(store, runs));
    return write_text(options.output, csv);
}

Action define(Options& options) {
    const auto given = std::make_shared<ExportOptions>();
    options.add("reference", given->reference, "as for runs; json takes one run").require();
    options.add("--format", given->format, "json (Google Benchmark), csv, or hgrm (HdrHistogram)")
        .one_of({"json", "csv", "hgrm"})
        .show_default();
    options.add("--output", given->output, "a file, for hgrm a directory; default: standard output");
    add_database(options, given->database);
    return [given](const Invocation&) {
        const Status status = export_runs(*given);
        return status ? kExitOk : report_error(status.error());
    };
}

}  // namespace

extern const Verb kExport = {"export", "write stored runs in a format of other tools", define};

}  // namespace faultline::runners
