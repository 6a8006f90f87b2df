// What a benchmark is called today that an older Faultline reported, so that a history goes on over a change of names.
//
// Stores are brought to today's names by it once (results/store/schema.h), run directories and side files of older
// programs whenever they are read. A rule is never changed once it has been released. Thread safety: pure functions.
#pragma once

#include <string>
#include <string_view>

namespace faultline {

/// Canonical (vocabulary/benchmark_name.h). Until 0.1.0 what Google Benchmark appends was part of a name, and a pair of
/// devices was "pair:A-B", with a meaning in each family of its own; now it is "from:X/to:Y", as bytes move. A name of
/// today stays as it is.
std::string present_name(std::string_view name);

}  // namespace faultline
