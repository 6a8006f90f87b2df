// Stored runs as other tools read them: Google Benchmark's JSON, CSV, HdrHistogram's percentile text.
//
// Thread safety: as Store.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/expected.h"
#include "results/benchmark_report.h"
#include "results/statistics/histogram.h"
#include "results/store/store.h"

namespace faultline::results {

/// Every repetition of `run`, every number as it was measured; without aggregates, which Google Benchmark's tools take
/// from the repetitions. family_index tells processes apart.
Expected<BenchmarkReport> report_of(const Store& store, const RunInfo& run);

/// RFC 4180 with one line a number: run,boot,process,benchmark,repetition,metric,unit,value,error. A repetition that
/// failed is one line with its error and without a metric.
Expected<std::string> csv_of(const Store& store, const std::vector<RunInfo>& runs);

/// The latencies of each benchmark, merged over the runs.
Expected<std::map<std::string, LatencyHistogram>> latencies_of(const Store& store, const std::vector<RunInfo>& runs);

}  // namespace faultline::results
