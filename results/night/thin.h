// What is kept of old nights: one night a week whole, of the others the medians and histograms.
//
// Of a night that began more than 90 days ago each benchmark keeps the median of its repetitions in place of them, its
// latency histogram and its counters' medians; the directories of its runs, with every single latency, are removed.
// Kept whole: for each device, policy and model the first complete night of each week (from Monday, UTC), and every
// night with a run that is asked for, such as a pinned baseline. Thread safety: as Store.
#pragma once

#include <cstddef>
#include <ctime>
#include <set>
#include <string>
#include <vector>

#include "base/expected.h"
#include "results/store/store.h"

namespace faultline::results {

inline constexpr std::time_t kWholeDays = 90;

/// Those to thin at `now`, thinned ones not among them.
std::vector<NightId> nights_to_thin(const std::vector<NightInfo>& nights, std::time_t now);

/// Thins, and removes what an earlier call was kept from removing. Returns how many nights. `kept` are ids of runs.
Expected<std::size_t> thin_nights(Store& store, std::time_t now, const std::set<std::string>& kept);

}  // namespace faultline::results
