// The pieces that all texts about a comparison are made of.
//
// Plain ASCII, so that a text survives mail. Thread safety: pure functions.
#pragma once

#include <string>
#include <vector>

#include "results/compare/compare.h"

namespace faultline::results {

/// Four digits with a prefix, and the unit: 12345 ns -> "12.35us", 1.5e6 1/s -> "1.500M/s".
std::string figure(double value, const std::string& unit);
/// 1.051 -> "+5.1%", 12 -> "x12".
std::string change(double ratio);
/// "[+4.0%, +6.2%]", or nothing without a difference.
std::string interval(const ComparedMetric& row);
/// "12.35us -> 12.98us"; "-" for a side that lacks it.
std::string medians(const ComparedMetric& row);
/// Why it changed: "a fault: copy 5.00 -> 6.50 us (+1.50)". Empty where nothing is to be explained.
std::string stages_text(const ComparedMetric& row);
/// "2 worse, 1 better, 3 unclear, 40 same"; "1 changed" stands before unclear where something is.
std::string totals(const Comparison& comparison);
/// One sentence: what a gate makes of it.
std::string conclusion(const Comparison& comparison);
/// One sentence: what intervals and thresholds were.
std::string method(const Comparison& comparison);

/// The rows under a heading, in their order, those with the same reason together. Unclear is also what could not be
/// compared.
struct Section {
    Verdict verdict;
    std::vector<const ComparedMetric*> rows;
};
/// Worse, better, changed, unclear, same; without empty ones.
std::vector<Section> sections_of(const Comparison& comparison);

}  // namespace faultline::results
