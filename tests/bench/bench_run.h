// Runs faultline-bench on the reference, for tests. FAULTLINE_BENCH and FAULTLINE_DRIVER are the two files.
#pragma once

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <regex>
#include <string>

#include "tests/bench/child.h"

namespace faultline::testing_support {

using nlohmann::json;

inline ChildEnvironment reference(const std::string& policy = "xe-7.0") {
    return {
        {"ZE_ENABLE_ALT_DRIVERS", FAULTLINE_DRIVER}, {"FAULTLINE_DEVICE", "reference"}, {"FAULTLINE_POLICY", policy}};
}

/// Runs what matches `filter` and returns the JSON. Failures of the program or of a benchmark fail the test.
inline json run_bench(const std::string& filter, const ChildEnvironment& environment, const std::string& more = "") {
    const ChildResult result = run_child(std::string(FAULTLINE_BENCH) + " --benchmark_filter='" + filter +
                                             "' --benchmark_min_time=0.001 --benchmark_format=json " + more,
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
    }
    return output;
}

/// The only result.
inline json only(const json& output) {
    EXPECT_EQ(output["benchmarks"].size(), 1u);
    return output["benchmarks"].empty() ? json::object() : output["benchmarks"][0];
}

}  // namespace faultline::testing_support
