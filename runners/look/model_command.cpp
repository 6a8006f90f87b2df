#include <fmt/format.h>

#include <cstdio>

#include "results/atomic_file.h"
#include "results/model_fit.h"
#include "results/store/export.h"
#include "runners/commands.h"

namespace faultline::runners {
namespace {

namespace fs = std::filesystem;

struct Source {
    results::BenchmarkReport report;
    std::string name;  ///< what the model says it comes from
};

Expected<Source> read(const fs::path& file) {
    auto report = results::read_benchmark_report(file);
    if (!report) return report.error();
    return Source{*std::move(report), file.filename().string()};
}

Expected<Source> source_of(const ModelOptions& options) {
    std::error_code error;
    const fs::path path = options.from;
    if (fs::is_regular_file(path, error) || path.extension() == ".json") return read(path);
    if (fs::is_regular_file(path / "run.json", error)) return read(path / "run.json");
    const auto reference = results::parse_run_reference(options.from);
    if (!reference) return reference.error();
    const auto store = results::Store::open(options.database, results::Database::Mode::kExisting);
    if (!store) return store.error();
    const auto run = store->find_one(*reference);
    if (!run) return run.error();
    auto report = results::report_of(*store, *run);
    if (!report) return report.error();
    return Source{*std::move(report), fmt::format("run {} of {}", run->uid, run->started_utc)};
}

Status write_model(const ModelOptions& options) {
    const auto source = source_of(options);
    if (!source) return source.error();
    const auto fit = results::fit_model(source->report, source->name);
    if (!fit) return fit.error();
    const std::string text = to_toml(*fit, source->name);
    if (!options.output.empty()) return results::write_file_atomically(options.output, text);
    if (std::fwrite(text.data(), 1, text.size(), stdout) != text.size() || std::fflush(stdout) != 0)
        return Error{ErrorKind::kUnavailable, "cannot write to standard output: is the disk full?"};
    return {};
}

}  // namespace

int model_command(const ModelOptions& options) {
    const Status status = write_model(options);
    return status ? kExitOk : report_error(status.error());
}

}  // namespace faultline::runners
