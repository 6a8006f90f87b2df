#include <fmt/format.h>
#include <unistd.h>

#include <memory>

#include "results/compare/compare.h"
#include "results/compare/environment.h"
#include "results/compare/format.h"
#include "results/store/sample_reader.h"
#include "runners/command/output.h"
#include "runners/command/shared_options.h"
#include "runners/command/verb.h"
#include "runners/system/terminal.h"
#include "vocabulary/name_pattern.h"

namespace faultline::runners {
namespace {

using results::Comparison;
using results::SampleSet;
using results::ShapeComparison;

struct CompareOptions {
    std::string a;  ///< references, as for `runs`
    std::string b;
    std::string benchmark;  ///< as NamePattern
    results::CompareOptions compare;
    std::string format = "terminal";  ///< "terminal", "lkp", "markdown" or "json"
    std::filesystem::path database = kDefaultDatabase;
};

std::string text_of(const Comparison& comparison, const std::string& format) {
    if (format == "lkp") return lkp_text(comparison);
    if (format == "markdown") return markdown_text(comparison);
    if (format == "json") return json_text(comparison);
    return terminal_text(comparison, Terminal::of(STDOUT_FILENO).color);
}

std::string text_of(const ShapeComparison& comparison, const std::string& format) {
    if (format == "markdown") return markdown_text(comparison);
    if (format == "json") return json_text(comparison);
    return plain_text(comparison);
}

int exit_status(results::Outcome outcome) {
    switch (outcome) {
        case results::Outcome::kNoRegression:
            return kExitOk;
        case results::Outcome::kRegression:
            return kExitFailed;
        case results::Outcome::kCannotTell:
            break;
    }
    return kExitBadInput;
}

/// Shapes are for people. They give a gate nothing to go by, so the status is never a pass.
Expected<int> print_shapes(const SampleSet& a, const SampleSet& b, const CompareOptions& options) {
    const std::string metric =
        options.compare.metrics.empty() ? results::default_metrics().front() : options.compare.metrics.front();
    FL_ASSIGN_OR_RETURN(const ShapeComparison shapes, results::compare_shapes(a, b, metric));
    FL_RETURN_IF_ERROR(print_text(text_of(shapes, options.format)));
    return kExitBadInput;
}

/// Error: kBadInput, where none is left.
Status keep_matching(const std::string& benchmark, SampleSet& a, SampleSet& b) {
    const Expected<NamePattern> pattern = NamePattern::compile(benchmark);
    if (!pattern) {
        return Error{pattern.error().kind, fmt::format("--benchmark \"{}\" is not a regular expression: {}", benchmark,
                                                       pattern.error().message)};
    }
    for (SampleSet* set : {&a, &b})
        std::erase_if(set->series, [&](const results::Series& series) { return !pattern->is_in(series.benchmark); });
    if (benchmark.empty() || !a.series.empty() || !b.series.empty()) return {};
    return Error{ErrorKind::kBadInput, fmt::format("--benchmark \"{}\" leaves no benchmark of these runs", benchmark)};
}

Expected<int> compare_runs(const CompareOptions& options) {
    FL_ASSIGN_OR_RETURN(const results::Store store,
                        results::Store::open(options.database, results::Database::Mode::kExisting));
    FL_ASSIGN_OR_RETURN(SampleSet a, results::samples_of(store, options.a));
    FL_ASSIGN_OR_RETURN(SampleSet b, results::samples_of(store, options.b));
    FL_RETURN_IF_ERROR(keep_matching(options.benchmark, a, b));
    if (different_kinds(a, b)) return print_shapes(a, b, options);
    FL_ASSIGN_OR_RETURN(const Comparison comparison, results::compare(a, b, options.compare));
    FL_RETURN_IF_ERROR(print_text(text_of(comparison, options.format)));
    return exit_status(outcome_of(comparison));
}

/// Exit status: 0 everything was compared and nothing is worse, 1 something is worse, 2 it cannot be told.
int compare(const CompareOptions& options) {
    const Expected<int> status = compare_runs(options);
    if (status) return *status;
    report_error(status.error());
    return kExitBadInput;  // no error is a regression
}

Action define(Options& options) {
    const auto given = std::make_shared<CompareOptions>();
    options.add("A", given->a, "before: runs, as for `runs`; quote a reference of several parts").require();
    options.add("B", given->b, "after").require();
    options.add("--benchmark", given->benchmark, "only benchmarks whose name matches this regular expression");
    add_metrics(options, given->compare,
                "compare this, in place of real_time and the median and p99 of latencies; may be repeated");
    add_directions(options, given->compare);
    add_min_effect(options, given->compare.min_effect, "percent below which a change is none");
    options.add("--format", given->format, "terminal, lkp (plain text for mail), markdown or json")
        .one_of({"terminal", "lkp", "markdown", "json"})
        .show_default();
    options.add_flag("--force", given->compare.force, "compare also what is not comparable");
    add_database(options, given->database);
    return [given](const Invocation&) { return compare(*given); };
}

}  // namespace

extern const Verb kCompare = {"compare", "say what changed between two sets of stored runs", define};

}  // namespace faultline::runners
