// What a run is asked for, by whichever verb: run, bisect-step, matrix and nightly.
//
// Thread safety: values.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "results/store/night.h"
#include "runners/command/shared_options.h"
#include "runners/run/plan.h"
#include "runners/system/devices.h"

namespace faultline::runners {

struct RunOptions {
    std::string suite = "quick";
    DeviceRequest device;
    Overrides overrides;
    std::filesystem::path output;  ///< empty: faultline-runs/<UTC time>-<suite>
    std::filesystem::path database = kDefaultDatabase;
    std::string label;
    std::string resume;  ///< not empty: the run to go on with; then only `database` counts of the rest
    std::vector<std::string> command_line;
    std::optional<results::NightId> night{};  ///< that a new run is one of
};

void add_suite(Options& options, std::string& suite);
void add_filter(Options& options, Overrides& overrides, const char* help = "as for run");
void add_repetitions(Options& options, Overrides& overrides, const char* help = "as for run");
void add_min_time(Options& options, Overrides& overrides, const char* help = "as for run");
void add_timeout(Options& options, Overrides& overrides, const char* help = "as for run");

}  // namespace faultline::runners
