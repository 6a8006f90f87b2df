#include <fmt/format.h>

#include <cstdio>

#include "results/store/import.h"
#include "runners/commands.h"

namespace faultline::runners {

int import_command(const ImportOptions& options) {
    if (Status s = results::check_label(options.label); !s) return report_error(s.error());
    Expected<results::Store> store = results::Store::open(options.database, results::Database::Mode::kCreate);
    if (!store) return report_error(store.error());
    for (const std::filesystem::path& path : options.paths) {
        const Expected<results::Imported> imported = results::import_path(*store, path, options.label);
        if (!imported) return report_error(imported.error());
        const results::RunInfo& run = imported->run;
        const bool keeps_label = imported->was_known && !options.label.empty() && options.label != run.label;
        fmt::print("{}: {} run {}, {} benchmarks{}\n", path.string(),
                   imported->was_known ? "already stored as" : "stored as", run.uid, run.benchmarks,
                   keeps_label ? fmt::format("; its label stays '{}'", run.label) : "");
    }
    return kExitOk;
}

}  // namespace faultline::runners
