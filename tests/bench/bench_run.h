// Runs faultline-bench on the reference, for tests. FAULTLINE_BENCH and FAULTLINE_DRIVER are the two files.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <regex>
#include <string>

#include "tests/bench/child.h"
#include "tests/counters.h"

namespace faultline::testing_support {

using nlohmann::json;

inline ChildEnvironment reference(const std::string& policy = "xe-7.0") {
    return {
        {"ZE_ENABLE_ALT_DRIVERS", FAULTLINE_DRIVER}, {"FAULTLINE_DEVICE", "reference"}, {"FAULTLINE_POLICY", policy}};
}

/// Runs what of a program matches `filter` and returns the JSON. Failures of the program or of a benchmark fail the
/// test, and so do counters that the table of metrics does not know.
inline json run_program(const std::string& program, const std::string& filter, const ChildEnvironment& environment,
                        const std::string& more = "") {
    const ChildResult result = run_child(
        program + " --benchmark_filter='" + filter + "' --benchmark_min_time=0.001 --benchmark_format=json " + more,
        environment);
    EXPECT_EQ(result.status, 0) << result.err;
    // The coefficient of variation of a counter that is always 0, which is no JSON.
    const std::string text = std::regex_replace(result.out, std::regex(": -?NaN"), ": null");
    json output = json::parse(text, nullptr, false);
    if (output.is_discarded()) {
        ADD_FAILURE() << "no JSON: " << text;
        return json{{"benchmarks", json::array()}, {"context", json::object()}};
    }
    for (const json& run : output["benchmarks"]) {
        EXPECT_FALSE(run.contains("error_occurred")) << run["name"] << ": " << run["error_message"];
        EXPECT_THAT(unknown_counters(run), testing::IsEmpty()) << run["name"];
    }
    return output;
}

/// The same of faultline-bench.
inline json run_bench(const std::string& filter, const ChildEnvironment& environment, const std::string& more = "") {
    return run_program(FAULTLINE_BENCH, filter, environment, more);
}

/// The only result.
inline json only(const json& output) {
    EXPECT_EQ(output["benchmarks"].size(), 1u);
    return output["benchmarks"].empty() ? json::object() : output["benchmarks"][0];
}

}  // namespace faultline::testing_support
