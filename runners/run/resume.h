// Going on with a run that was killed or interrupted: what of it is stored, and what is left to do.
//
// Thread safety: as results::Store.
#pragma once

#include <filesystem>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/expected.h"
#include "results/store/store.h"
#include "runners/run/plan.h"
#include "runners/run/run_options.h"

namespace faultline::runners {

/// What an earlier process left of a run; of a new run, nothing.
struct Earlier {
    std::optional<results::RunInfo> run{};
    RunOptions options{};                           ///< as the run was asked for
    results::BenchmarkReport report{};              ///< every benchmark that is stored
    std::set<std::string> done{};                   ///< their names
    std::vector<results::FamilyRecord> families{};  ///< of the processes that ran
    double seconds = 0;

    /// Whether a family went wrong by itself, not because the run was ended.
    bool failed() const;
};

/// Error: kBadInput when `reference` is not one run that can be resumed, kUnavailable while another process runs it.
Expected<Earlier> load_earlier(const std::filesystem::path& database, const std::string& reference);

/// Half of a run on one device, policy, kernel or Faultline and half on another would be a run of neither. `facts` are
/// those of a report's context. Error: kBadInput, naming the first that differs.
Status check_same_machine(const Earlier& earlier, const results::Json& facts);

/// Takes `done` out of the jobs, and jobs that have nothing left.
void leave_out(std::vector<Job>& jobs, const std::set<std::string>& done);

/// Processes that a kill left as running are recorded as interrupted.
Status end_cut_processes(results::Store& store, results::RunId run);

}  // namespace faultline::runners
