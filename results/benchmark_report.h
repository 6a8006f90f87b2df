// What a Google Benchmark program reports: its JSON, read and checked.
//
// The JSON stays JSON (members in their order), because everything a benchmark adds must come out again; what the suite
// relies on is checked once, here. Two departures from JSON that Google Benchmark 1.7 makes are understood: bare NaN
// and Infinity (read as null), and a file that ends early because its writer died (the benchmarks that were whole are
// kept). Benchmarks get their canonical names here, and those of older programs today's (vocabulary/former_name.h), so
// that all else knows one name for each; a name that two benchmarks of a report would share is left as it is. Thread
// safety: values.
#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "base/expected.h"

namespace faultline::results {

using Json = nlohmann::ordered_json;

struct BenchmarkReport {
    Json context = Json::object();
    Json benchmarks = Json::array();  ///< each an object with string name, run_name and run_type, numeric times
    bool complete = true;             ///< false: the text ended early, and `benchmarks` holds what was whole
};

/// `origin` names the text in errors: "run.json:12:3: ..." or "run.json: benchmarks[3].name: ...". Error: kBadInput.
Expected<BenchmarkReport> parse_benchmark_report(std::string_view text, const std::string& origin);
Expected<BenchmarkReport> read_benchmark_report(const std::filesystem::path& path);

/// The text that Google Benchmark's own tools load.
std::string to_text(const BenchmarkReport& report);

}  // namespace faultline::results
