// How far a run is: on a terminal one live line with an ETA, elsewhere one plain line a finished family.
//
// Thread safety: one thread.
#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include "runners/run/plan.h"
#include "runners/system/terminal.h"

namespace faultline::runners {

/// Seconds still to go: what the suite estimates, corrected by what has been seen.
class Eta {
public:
    explicit Eta(const std::vector<Job>& jobs);

    /// `fraction` of the current job is done after `seconds`.
    double remaining(double fraction, double seconds) const;
    /// The current job took `seconds`; the next one is current.
    void finish(double seconds);

private:
    std::vector<double> estimates_;
    std::size_t current_ = 0;
    double estimated_done_ = 0;
    double seconds_done_ = 0;
};

class Progress {
public:
    /// Writes to standard error.
    Progress(const std::vector<Job>& jobs, Terminal terminal);

    void start(const Job& job);
    /// More of what the current family's program has printed (Google Benchmark's JSON).
    void heard(std::string_view fresh);
    /// `detail` empty: all went well.
    void finish(const Job& job, const std::string& state, const std::string& detail, double seconds);

private:
    void redraw();
    void count(std::string_view line);
    double elapsed() const;

    Terminal terminal_;
    Eta eta_;
    std::size_t families_;
    std::size_t finished_ = 0;
    const Job* current_ = nullptr;
    std::size_t reported_ = 0;  ///< benchmarks of the current family
    std::string last_name_;
    std::string unfinished_line_;
    std::chrono::steady_clock::time_point start_;
    std::chrono::steady_clock::time_point family_start_;
};

}  // namespace faultline::runners
