// From a suite to the processes that run it: the benchmarks that the programs really have, grouped by family.
//
// Thread safety: values.
#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/expected.h"
#include "runners/run/suites.h"
#include "runners/system/devices.h"
#include "runners/system/interrupt.h"
#include "runners/system/layout.h"
#include "vocabulary/family.h"

namespace faultline::runners {

/// One process to be: benchmarks of one family that are run alike.
struct Job {
    std::string family;    ///< "fault/first_touch"
    std::string question;  ///< that the family answers, in one line
    std::string program;   ///< path
    std::vector<std::string> benchmarks;
    unsigned repetitions = 1;
    double min_time = 0;  ///< seconds
    std::chrono::milliseconds time_limit{};
    double estimate = 0;  ///< seconds, for the first ETA
};

/// What the user put in place of the suite's own values.
struct Overrides {
    std::string filter;                      ///< as NamePattern
    const char* filter_option = "--filter";  ///< what gave it, for messages
    std::optional<unsigned> repetitions;
    std::optional<double> min_time;
    std::optional<double> time_limit;  ///< seconds a family
};

/// What the programs of a suite have, by file name.
using FamiliesByProgram = std::map<std::string, std::vector<ListedFamily>>;

/// What was asked for, with what the suite wants where nothing was said.
DeviceRequest device_for(const Suite& suite, DeviceRequest asked);

/// The jobs of `suite` over the benchmarks of each program, in the programs' order. A benchmark that two selections of
/// one suite choose is run by the first. Error: kBadInput for a malformed filter and for one that leaves nothing.
Expected<std::vector<Job>> plan(const Suite& suite, const Overrides& overrides, const Layout& layout,
                                const FamiliesByProgram& families);

/// Asks each program that `suite` names for its families (vocabulary/family.h). `environment` as for a run. Error:
/// kUnavailable.
Expected<FamiliesByProgram> list_families(const Suite& suite, const Layout& layout,
                                          const std::map<std::string, std::string>& environment,
                                          const Interrupt* interrupt);

}  // namespace faultline::runners
