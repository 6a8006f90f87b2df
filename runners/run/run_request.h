// What a run was asked for, kept in the store so that a later process can go on with it.
//
// Thread safety: stateless.
#pragma once

#include "base/expected.h"
#include "results/benchmark_report.h"
#include "runners/run/run_options.h"

namespace faultline::runners {

/// Everything of `options` that decides what is measured, on what, and where its files are.
results::Json to_json(const RunOptions& options);

/// The options of a stored request. Error: kBadInput where it is none of this program's.
Expected<RunOptions> parse_run_request(const results::Json& request);

}  // namespace faultline::runners
