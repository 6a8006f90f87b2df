#include <fmt/format.h>

#include <memory>

#include "results/model_fit.h"
#include "results/store/export.h"
#include "runners/command/output.h"
#include "runners/command/shared_options.h"
#include "runners/command/verb.h"

namespace faultline::runners {
namespace {

namespace fs = std::filesystem;

struct ModelOptions {
    std::string from;  ///< a reference to one run, a JSON file of Google Benchmark, or a run directory
    fs::path output;   ///< a .toml file; empty: standard output
    fs::path database = kDefaultDatabase;
};

struct Source {
    results::BenchmarkReport report;
    std::string name;  ///< what the model says it comes from
};

Expected<Source> read(const fs::path& file) {
    FL_ASSIGN_OR_RETURN(results::BenchmarkReport report, results::read_benchmark_report(file));
    return Source{std::move(report), file.filename().string()};
}

Expected<Source> source_of(const ModelOptions& options) {
    std::error_code error;
    const fs::path path = options.from;
    if (fs::is_regular_file(path, error) || path.extension() == ".json") return read(path);
    if (fs::is_regular_file(path / "run.json", error)) return read(path / "run.json");
    FL_ASSIGN_OR_RETURN(const results::RunReference reference, results::parse_run_reference(options.from));
    FL_ASSIGN_OR_RETURN(const results::Store store,
                        results::Store::open(options.database, results::Database::Mode::kExisting));
    FL_ASSIGN_OR_RETURN(const results::RunInfo run, store.find_one(reference));
    FL_ASSIGN_OR_RETURN(results::BenchmarkReport report, results::report_of(store, run));
    return Source{std::move(report), fmt::format("run {} of {}", run.uid, run.started_utc)};
}

/// Writes the device model that the run tells of.
Status write_model(const ModelOptions& options) {
    FL_ASSIGN_OR_RETURN(const Source source, source_of(options));
    FL_ASSIGN_OR_RETURN(const auto fit, results::fit_model(source.report, source.name));
    return write_text(options.output, to_toml(fit, source.name));
}

Action define(Options& options) {
    const auto given = std::make_shared<ModelOptions>();
    options.add("--from", given->from, "a run, as for `runs`, a JSON file or a run directory").require();
    options.add("-o,--output", given->output, "FILE.toml, for `run --model`; default: standard output");
    add_database(options, given->database);
    return [given](const Invocation&) {
        const Status status = write_model(*given);
        return status ? kExitOk : report_error(status.error());
    };
}

}  // namespace

extern const Verb kModel = {"model", "write a device model for the reference out of what a run measured", define};

}  // namespace faultline::runners
