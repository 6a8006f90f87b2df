#include <fmt/format.h>

#include <cstdio>

#include "results/compare/bisect.h"
#include "results/store/sample_reader.h"
#include "results/store/store.h"
#include "runners/commands.h"

namespace faultline::runners {
namespace {

using results::SampleSet;
using results::Store;

/// The runs of this step, as a label that nothing else has.
std::string draw_label() { return "bisect-" + results::draw_run_uid(); }

Expected<results::Classified> classify_runs(const BisectOptions& options, const std::string& label) {
    const Expected<Store> store = Store::open(options.run.database, results::Database::Mode::kExisting);
    if (!store) return store.error();
    const Expected<SampleSet> good = results::samples_of(*store, options.good);
    if (!good) return good.error();
    const Expected<SampleSet> bad = results::samples_of(*store, options.bad);
    if (!bad) return bad.error();
    const Expected<SampleSet> tried = results::samples_of(*store, "label:" + label);
    if (!tried) return tried.error();
    return results::classify(*good, *bad, *tried, options.compare);
}

/// What good and bad are is known before anything is measured, which may take hours.
Status check_references(const BisectOptions& options) {
    const Expected<Store> store = Store::open(options.run.database, results::Database::Mode::kExisting);
    if (!store) return store.error();
    for (const std::string* text : {&options.good, &options.bad}) {
        const auto reference = results::parse_run_reference(*text);
        if (!reference) return reference.error();
        if (const auto runs = store->find(*reference); !runs) return runs.error();
    }
    return {};
}

}  // namespace

int bisect_command(const BisectOptions& options, const Layout& layout) {
    if (Status s = check_references(options); !s) {
        report_error(s.error());
        return kExitCannotTell;
    }
    RunOptions run = options.run;
    run.label = draw_label();
    for (unsigned i = 1; i <= options.runs; ++i) {
        // Beside the store, not in the source tree that is being bisected.
        run.output = run.database.parent_path() / fmt::format("{}-{}", run.label, i);
        const int status = run_command(run, layout);
        if (status >= 128) return status;  // ended by a signal: git ends the bisection
        if (status != kExitOk) return kExitCannotTell;
    }
    const auto classified = classify_runs(options, run.label);
    if (!classified) {
        report_error(classified.error());
        return kExitCannotTell;
    }
    fmt::print("{}\n", classified->reason);
    switch (classified->side) {
        case results::Side::kGood:
            return kExitOk;
        case results::Side::kBad:
            return kExitFailed;
        case results::Side::kCannotTell:
            break;
    }
    return kExitCannotTell;
}

}  // namespace faultline::runners
