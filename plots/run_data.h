// Stored runs as charts read them: sets of runs, each with the benchmarks that a pattern chose.
//
// A set is what one reference names ("A" of a chart); its runs are in the order in which they were made. Times are in
// ns. Repetitions that failed or were skipped are left out. Control characters in a name become blanks, so that it is
// one line wherever it is shown. Thread safety: values; loading as Store.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "base/expected.h"
#include "results/statistics/histogram.h"
#include "results/store/store.h"
#include "vocabulary/latency_file.h"
#include "vocabulary/name_pattern.h"

namespace faultline::plots {

/// One benchmark as one process of a run measured it.
struct Measured {
    std::string name;
    std::string boot;                                    ///< empty where unknown
    std::string process;                                 ///< unique in the store
    std::map<std::string, std::vector<double>> metrics;  ///< one value a repetition; never empty
    results::LatencyHistogram latency;
    std::string error;                   ///< why a repetition failed; empty: none did
    std::string skipped;                 ///< why a repetition was skipped; empty: none was
    std::vector<LatencySample> samples;  ///< in the order they were taken; only where raw ones were asked for

    /// The values of a metric; empty when it was not measured.
    const std::vector<double>& of(const std::string& metric) const;
};

struct RunData {
    std::string uid;
    std::string started_utc;
    std::vector<Measured> benchmarks;  ///< in the order of the run

    const Measured* find(const std::string& name) const;
    /// All values of a metric of a benchmark, which a run may hold more than once: from several processes.
    std::vector<double> values(const std::string& benchmark, const std::string& metric) const;
};

struct RunSet {
    std::string reference;                           ///< as it was asked for
    std::map<std::string, std::string> environment;  ///< facts on which the runs differ hold all values, "a | b"
    std::vector<RunData> runs;                       ///< oldest first; at least one

    /// A fact, "-" when it is not known.
    std::string fact(const std::string& key) const;
    /// For a key: the reference, or the run's first digits when it names a run by its directory.
    std::string name() const;
    /// In the order in which they first appear.
    std::vector<std::string> benchmark_names() const;
    /// All runs' values of a metric of a benchmark.
    std::vector<double> values(const std::string& benchmark, const std::string& metric) const;
    /// All runs' latencies of a benchmark, merged.
    results::LatencyHistogram latency(const std::string& benchmark) const;
};

struct LoadOptions {
    std::string pattern;       ///< extended regular expression that a name must hold; empty: every benchmark
    bool latencies = true;     ///< with distributions
    bool raw_samples = false;  ///< also the single latencies, from the runs' directories
};

/// Error: kBadInput for a reference or a pattern that is malformed, or when no run matches.
Expected<RunSet> load(const results::Store& store, const std::string& reference, const LoadOptions& options);

/// The same for runs that are known, newest first, as Store::find() gives them.
Expected<RunSet> load_runs(const results::Store& store, const std::string& reference,
                           const std::vector<results::RunInfo>& runs, const LoadOptions& options);

/// Of a set only the benchmarks whose names hold `pattern`.
RunSet matching(RunSet set, const NamePattern& pattern);

}  // namespace faultline::plots
