// The directory that a run leaves: run.json (Google Benchmark's format), manifest.json, latency/*.lat, logs/.
//
// It is built beside its place under a temporary name and renamed when it is whole, so a directory of the final name is
// always whole. An uncommitted one is removed unless it was asked to be kept. While it is being built it is locked,
// until its process ends in whatever way. Thread safety: one user at a time.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "base/expected.h"
#include "results/benchmark_report.h"
#include "results/manifest.h"

namespace faultline::results {

class RunDirectory {
public:
    /// Error: kBadInput when `final_path` exists and is not an empty directory, kUnavailable when it cannot be written.
    static Expected<RunDirectory> create(const std::filesystem::path& final_path);
    /// Goes on with what an earlier process left, in `work_path` or, committed, in `final_path`; with a new directory
    /// where neither is left. Error: kUnavailable, also while another process builds it.
    static Expected<RunDirectory> reopen(const std::filesystem::path& final_path,
                                         const std::filesystem::path& work_path);
    /// Whether a process is building the directory that `work_path` names.
    static bool is_being_built(const std::filesystem::path& work_path);
    ~RunDirectory();
    RunDirectory(RunDirectory&& other) noexcept;
    RunDirectory& operator=(RunDirectory&&) = delete;

    /// Where a child puts its report for the time being.
    std::filesystem::path scratch_report() const { return work_ / "child.json"; }
    const std::filesystem::path& work_path() const { return work_; }
    std::filesystem::path latency_directory() const { return work_ / "latency"; }

    /// Reads each latency file that is new since the last call; removes those that are not whole and says why.
    std::vector<std::string> check_new_latency_files();
    /// Keeps what a process printed, as logs/NAME.txt.
    Status keep_log(const std::string& name, const std::string& text);

    /// From now on it stays where it is when it is not committed, for reopen().
    void keep() { kept_ = true; }

    /// Writes report and manifest (with the list of latency files) and gives the directory its final name.
    Status commit(const BenchmarkReport& report, Manifest manifest);
    const std::filesystem::path& path() const { return final_; }

private:
    RunDirectory(std::filesystem::path final_path, std::filesystem::path work, int lock)
        : final_(std::move(final_path)), work_(std::move(work)), lock_(lock) {}

    std::filesystem::path final_;
    std::filesystem::path work_;  ///< empty once committed
    int lock_ = -1;               ///< the open work directory, with flock() on it
    bool kept_ = false;
    std::vector<std::string> latency_files_;  ///< checked, relative to the directory, sorted
};

/// The file name of a family or benchmark: "fault.first_touch" of "fault/first_touch".
std::string file_name_of(const std::string& name);

}  // namespace faultline::results
