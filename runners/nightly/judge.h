// Judges a night whose runs are stored: against the pinned baseline, against the nights before it, and by the steps of
// its history.
//
// Thread safety: as results::Store.
#pragma once

#include <string>
#include <vector>

#include "base/expected.h"
#include "results/night/verdict.h"
#include "results/store/store.h"

namespace faultline::runners {

struct JudgeOptions {
    std::string baseline;  ///< a reference; empty: none is pinned
    unsigned nights = 7;   ///< before this one, that it is compared with
};

/// The verdict, without a report. Comparisons that cannot be made are part of it. Error: the store cannot be read.
Expected<results::NightVerdict> judge_night(const results::Store& store, const results::NightInfo& night,
                                            const JudgeOptions& options);

/// The complete nights before `night` on the same device, policy and model, with the same suite, newest first.
Expected<std::vector<results::NightId>> nights_before(const results::Store& store, const results::NightInfo& night);

}  // namespace faultline::runners
