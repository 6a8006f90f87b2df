#include <fmt/format.h>

#include <memory>

#include "results/store/import.h"
#include "runners/command/shared_options.h"
#include "runners/command/verb.h"

namespace faultline::runners {
namespace {

struct ImportOptions {
    std::vector<std::filesystem::path> paths;
    std::string label;
    std::filesystem::path database = kDefaultDatabase;
};

Status import_reports(const ImportOptions& options) {
    FL_RETURN_IF_ERROR(results::check_label(options.label));
    FL_ASSIGN_OR_RETURN(results::Store store, results::Store::open(options.database, results::Database::Mode::kCreate));
    for (const std::filesystem::path& path : options.paths) {
        FL_ASSIGN_OR_RETURN(const results::Imported imported, results::import_path(store, path, options.label));
        const results::RunInfo& run = imported.run;
        const bool keeps_label = imported.was_known && !options.label.empty() && options.label != run.label;
        fmt::print("{}: {} run {}, {} benchmarks{}\n", path.string(),
                   imported.was_known ? "already stored as" : "stored as", run.uid, run.benchmarks,
                   keeps_label ? fmt::format("; its label stays '{}'", run.label) : "");
    }
    return {};
}

Action define(Options& options) {
    const auto given = std::make_shared<ImportOptions>();
    options.add("path", given->paths, "JSON files and directories").require();
    options.add("--label", given->label, "a name for runs of a kind, to find them by: label:NAME");
    add_database(options, given->database);
    return [given](const Invocation&) {
        const Status status = import_reports(*given);
        return status ? kExitOk : report_error(status.error());
    };
}

}  // namespace

extern const Verb kImport = {"import", "store reports of Google Benchmark, or run directories", define};

}  // namespace faultline::runners
