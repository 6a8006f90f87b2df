#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>

#include "results/compare/compare.h"
#include "results/compare/environment.h"
#include "results/compare/format.h"
#include "results/store/sample_reader.h"
#include "runners/commands.h"

namespace faultline::runners {
namespace {

using results::Comparison;
using results::SampleSet;
using results::ShapeComparison;

bool takes_colour() {
    const char* no_colour = std::getenv("NO_COLOR");
    return ::isatty(STDOUT_FILENO) == 1 && (no_colour == nullptr || *no_colour == '\0');
}

std::string text_of(const Comparison& comparison, const std::string& format) {
    if (format == "lkp") return lkp_text(comparison);
    if (format == "markdown") return markdown_text(comparison);
    if (format == "json") return json_text(comparison);
    return terminal_text(comparison, takes_colour());
}

std::string text_of(const ShapeComparison& comparison, const std::string& format) {
    if (format == "markdown") return markdown_text(comparison);
    if (format == "json") return json_text(comparison);
    return plain_text(comparison);
}

Status print(const std::string& text) {
    if (std::fwrite(text.data(), 1, text.size(), stdout) != text.size() || std::fflush(stdout) != 0) {
        return Error{ErrorKind::kUnavailable, "cannot write to standard output: is the disk full?"};
    }
    return {};
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

/// A gate has nothing to go by, whatever the shapes are: never a pass.
Expected<int> print_shapes(const SampleSet& a, const SampleSet& b, const CompareOptions& options) {
    const std::string metric =
        options.compare.metrics.empty() ? results::default_metrics().front() : options.compare.metrics.front();
    const Expected<ShapeComparison> shapes = results::compare_shapes(a, b, metric);
    if (!shapes) return shapes.error();
    if (Status s = print(text_of(*shapes, options.format)); !s) return s.error();
    return kExitBadInput;
}

Expected<int> compare_runs(const CompareOptions& options) {
    const Expected<results::Store> store = results::Store::open(options.database, results::Database::Mode::kExisting);
    if (!store) return store.error();
    const Expected<SampleSet> a = results::samples_of(*store, options.a);
    if (!a) return a.error();
    const Expected<SampleSet> b = results::samples_of(*store, options.b);
    if (!b) return b.error();
    if (different_kinds(*a, *b)) return print_shapes(*a, *b, options);
    const Expected<Comparison> comparison = results::compare(*a, *b, options.compare);
    if (!comparison) return comparison.error();
    if (Status s = print(text_of(*comparison, options.format)); !s) return s.error();
    return exit_status(outcome_of(*comparison));
}

}  // namespace

int compare_command(const CompareOptions& options) {
    const Expected<int> status = compare_runs(options);
    if (status) return *status;
    report_error(status.error());
    return kExitBadInput;  // whatever went wrong, it is no regression
}

}  // namespace faultline::runners
