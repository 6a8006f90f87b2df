#include <fmt/format.h>

#include <cstdio>
#include <memory>

#include "results/compare/bisect.h"
#include "results/store/sample_reader.h"
#include "results/store/store.h"
#include "runners/command/verb.h"
#include "runners/run/run_suite.h"

namespace faultline::runners {
namespace {

using results::SampleSet;
using results::Store;

/// What `git bisect run` skips a commit for.
constexpr int kExitCannotTell = 125;

struct BisectOptions {
    std::string good;  ///< references, as for `runs`
    std::string bad;
    RunOptions run;     ///< what to measure, each time; its label is drawn
    unsigned runs = 5;  ///< processes of each benchmark: as few as a verdict takes
    results::CompareOptions compare;
};

/// The runs of this step, as a label that nothing else has.
std::string draw_label() { return "bisect-" + results::draw_run_uid(); }

Expected<results::Classified> classify_runs(const BisectOptions& options, const std::string& label) {
    FL_ASSIGN_OR_RETURN(const Store store, Store::open(options.run.database, results::Database::Mode::kExisting));
    FL_ASSIGN_OR_RETURN(const SampleSet good, results::samples_of(store, options.good));
    FL_ASSIGN_OR_RETURN(const SampleSet bad, results::samples_of(store, options.bad));
    FL_ASSIGN_OR_RETURN(const SampleSet tried, results::samples_of(store, "label:" + label));
    return results::classify(good, bad, tried, options.compare);
}

/// What good and bad are is known before anything is measured, which may take hours.
Status check_references(const BisectOptions& options) {
    FL_ASSIGN_OR_RETURN(const Store store, Store::open(options.run.database, results::Database::Mode::kExisting));
    for (const std::string* text : {&options.good, &options.bad}) {
        FL_ASSIGN_OR_RETURN(const auto reference, results::parse_run_reference(*text));
        FL_RETURN_IF_ERROR(store.find(reference));
    }
    return {};
}

int cannot_tell(const Error& error) {
    report_error(error);
    return kExitCannotTell;
}

/// Measures, and says on which side of the regression between good and bad this is. Exit status: 0 good, 1 bad, 125
/// whenever it cannot be told, be it for an error; 128 + N when signal N ended it.
int bisect(const BisectOptions& options, const Layout& layout) {
    if (const Status known = check_references(options); !known) return cannot_tell(known.error());
    RunOptions run = options.run;
    run.label = draw_label();
    for (unsigned i = 1; i <= options.runs; ++i) {
        // Beside the store, not in the source tree that is being bisected.
        run.output = run.database.parent_path() / fmt::format("{}-{}", run.label, i);
        const int status = run_suite_to_status(run, layout);
        if (status >= 128) return status;  // ended by a signal: git ends the bisection
        if (status != kExitOk) return kExitCannotTell;
    }
    const auto classified = classify_runs(options, run.label);
    if (!classified) return cannot_tell(classified.error());
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

Action define(Options& options) {
    const auto given = std::make_shared<BisectOptions>();
    RunOptions& run = given->run;
    options.add("--good", given->good, "stored runs before the regression, as for `runs`").require();
    options.add("--bad", given->bad, "stored runs after it").require();
    run.overrides.filter_option = "--benchmark";
    options.add(run.overrides.filter_option, run.overrides.filter, "measure those that match this regular expression")
        .require();
    add_suite(options, run.suite);
    options.add("--runs", given->runs, "how often to measure").between(5u, 1000u).show_default();
    add_metrics(options, given->compare);
    add_directions(options, given->compare);
    add_min_effect(options, given->compare.min_effect);
    add_device(options, run.device);
    add_device_index(options, run.device);
    add_policy(options, run.device.reference);
    add_model(options, run.device.reference);
    add_database(options, run.database);
    return [given](const Invocation& invocation) {
        given->run.command_line = invocation.command_line;
        return bisect(*given, invocation.layout);
    };
}

}  // namespace

extern const Verb kBisectStep = {
    "bisect-step", "for `git bisect run`: measure, and exit with 0 if good, 1 if bad, 125 if it cannot be told", define,
    kExitCannotTell};

}  // namespace faultline::runners
