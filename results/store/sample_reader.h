// The samples of stored runs, as statistics take them.
//
// Each repetition of each process of each run is one sample; a process is named "RUN/ROW", unique in the store. A boot
// that is not known is one boot, so that nothing looks more independent than it is. Times are in ns. Repetitions that
// failed give no samples. Thread safety: as Store.
#pragma once

#include <string>
#include <vector>

#include "base/expected.h"
#include "results/samples.h"
#include "results/store/store.h"

namespace faultline::results {

/// What of the runs to take; empty: everything. A trend over thousands of runs takes one benchmark and one metric.
struct SampleFilter {
    std::string benchmark;
    std::string metric;
};

/// The runs that `reference` names (results/store/run_reference.h), oldest first within each series. A fact on which
/// the runs differ is in the environment with all its values, joined by " | ". Error: kBadInput when no run matches.
Expected<SampleSet> samples_of(const Store& store, const std::string& reference, const SampleFilter& filter = {});

/// The same of runs that are already found, newest first. `label` is what people will read.
Expected<SampleSet> samples_of_runs(const Store& store, const std::string& label, const std::vector<RunInfo>& runs,
                                    const SampleFilter& filter = {});

}  // namespace faultline::results
