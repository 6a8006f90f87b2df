// Whether two sets may be compared, and in what they differ.
//
// Device, device model, CPU, debugging options of the kernel and CPU frequency governor have to be equal: each changes
// times by more than what is looked for. Kernel and policy are what is compared, so they may differ. Thread safety:
// pure functions.
#pragma once

#include <string>
#include <vector>

#include "results/samples.h"

namespace faultline::results {

/// Why the sets are not comparable, one reason each ("device model: native against slow-copy"); none when they are. A
/// fact that is known of one side only differs; so does one on which the runs of a set differ among themselves.
std::vector<std::string> obstacles(const SampleSet& a, const SampleSet& b);

/// Other facts that differ ("kernel: 6.18.0 -> 6.19.0").
std::vector<std::string> differences(const SampleSet& a, const SampleSet& b);

/// Both kinds are known, and they differ: the sets can be compared in shape only (results/compare/shape.h).
bool different_kinds(const SampleSet& a, const SampleSet& b);

}  // namespace faultline::results
