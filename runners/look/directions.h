// The options by which a user says which way is better of metrics that the vocabulary does not know, or leaves open.
//
// For every verb that compares. Thread safety: at start-up.
#pragma once

#include <CLI/CLI.hpp>

#include "results/compare/compare.h"

namespace faultline::runners {

/// Adds --higher-is-better NAME and --lower-is-better NAME, which may be repeated. A metric that both name is refused.
/// `options` has to outlive the parsing.
void add_directions(CLI::App& command, results::CompareOptions& options);

}  // namespace faultline::runners
