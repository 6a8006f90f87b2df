// What a night comes to: for a person, for a program, and as an exit status.
//
// Thread safety: values and pure functions.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "results/compare/compare.h"
#include "results/store/night.h"

namespace faultline::results {

enum class NightOutcome {
    kNothingWorse,
    kWorse,       ///< than the pinned baseline, or than before, by a step that was not reported yet
    kCannotTell,  ///< something failed, or there was nothing to compare with
};

/// A comparison that was to be made, and was, or why not.
struct NightComparison {
    std::string with;  ///< "label:good", "the last 7 nights"
    std::optional<Comparison> comparison;
    std::string obstacle;  ///< of a comparison that was not made
};

struct NightVerdict {
    NightId night;
    std::string started_utc;
    std::vector<std::string> runs;  ///< their ids
    std::string device;
    std::string policy;
    std::string model;
    std::string kernel;
    std::vector<std::string> failures;        ///< one line each: what did not run as it should
    std::optional<NightComparison> baseline;  ///< none: no baseline was named
    NightComparison recent;
    std::vector<Step> steps;  ///< that were not reported before
    std::string report;       ///< path of the page; empty: there is none
};

NightOutcome outcome_of(const NightVerdict& verdict);

/// One sentence for each thing that decides the outcome; for "nothing worse" none.
std::vector<std::string> reasons_of(const NightVerdict& verdict);

/// docs/nightly.md names the members.
Json to_json(const NightVerdict& verdict);

/// Some lines for a terminal or a journal.
std::string to_text(const NightVerdict& verdict);

}  // namespace faultline::results
