// Runs the jobs of a plan, each in a process of its own, and gathers and records what they leave.
//
// Thread safety: one run at a time in a process.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/expected.h"
#include "results/benchmark_report.h"
#include "results/manifest.h"
#include "results/run_directory.h"
#include "runners/run/plan.h"
#include "runners/run/progress.h"
#include "runners/run/recorder.h"
#include "runners/system/interrupt.h"

namespace faultline::runners {

struct Gathered {
    results::BenchmarkReport report;              ///< every benchmark that ran, failures included
    std::vector<results::FamilyRecord> families;  ///< one a job, also those that an interrupt left out
    bool interrupted = false;

    bool all_ok() const;
};

/// A job that crashes, hangs or reports nonsense is a recorded result and the next one runs; only an interrupt ends the
/// run early. Error: a program cannot be started, or `directory` or the recorder's store cannot be written.
Expected<Gathered> execute(const std::vector<Job>& jobs, const std::map<std::string, std::string>& environment,
                           results::RunDirectory& directory, Recorder& recorder, const Interrupt& interrupt,
                           Progress& progress);

}  // namespace faultline::runners
