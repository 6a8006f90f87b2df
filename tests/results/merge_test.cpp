#include "results/merge.h"

#include <gtest/gtest.h>

namespace faultline::results {
namespace {

Json entry(const std::string& name, int family, int repetition = 0) {
    return Json{{"name", name},
                {"family_index", family},
                {"run_name", name},
                {"run_type", "iteration"},
                {"repetition_index", repetition},
                {"real_time", 1.0},
                {"cpu_time", 1.0},
                {"time_unit", "ns"}};
}

constexpr const char* kMerged = R"json({
  "context": {
    "host": "first"
  },
  "benchmarks": [
    {
      "name": "f/a/1",
      "family_index": 0,
      "run_name": "f/a/1",
      "run_type": "iteration",
      "repetition_index": 0,
      "real_time": 1.0,
      "cpu_time": 1.0,
      "time_unit": "ns"
    },
    {
      "name": "f/a/2",
      "family_index": 1,
      "run_name": "f/a/2",
      "run_type": "iteration",
      "repetition_index": 0,
      "real_time": 1.0,
      "cpu_time": 1.0,
      "time_unit": "ns"
    },
    {
      "name": "f/b/1",
      "family_index": 2,
      "run_name": "f/b/1",
      "run_type": "iteration",
      "repetition_index": 0,
      "real_time": 1.0,
      "cpu_time": 1.0,
      "time_unit": "ns"
    },
    {
      "name": "f/b/2",
      "family_index": 3,
      "per_family_instance_index": 0,
      "run_name": "f/b/2",
      "run_type": "iteration",
      "repetitions": 1,
      "repetition_index": 0,
      "threads": 1,
      "error_occurred": true,
      "error_message": "crashed: killed by signal 11 (Segmentation fault)",
      "iterations": 0,
      "real_time": 0.0,
      "cpu_time": 0.0,
      "time_unit": "ns"
    }
  ]
}
)json";

TEST(Merge, Golden) {
    BenchmarkReport merged;
    append(merged, {.expected = {"f/a/1", "f/a/2"},
                    .report = {.context = {{"host", "first"}},
                               .benchmarks = Json::array({entry("f/a/1", 0), entry("f/a/2", 1)})},
                    .failure = ""});
    append(
        merged,
        {.expected = {"f/b/1", "f/b/2"},
         .report = {.context = {{"host", "second"}}, .benchmarks = Json::array({entry("f/b/1", 0)}), .complete = false},
         .failure = "crashed: killed by signal 11 (Segmentation fault)"});
    EXPECT_EQ(to_text(merged), kMerged);
    EXPECT_FALSE(merged.complete);
}

TEST(Merge, AProgramThatEndsWellWithoutReportingIsAFailureToo) {
    BenchmarkReport merged;
    append(merged, {.expected = {"f/a/1"}, .report = {}, .failure = ""});
    ASSERT_EQ(merged.benchmarks.size(), 1u);
    EXPECT_EQ(merged.benchmarks[0]["error_message"], "the program ended without reporting it");
}

TEST(Merge, AContextIsTakenFromTheFirstPartThatHasOne) {
    BenchmarkReport merged;
    append(merged, {.expected = {"f/a/1"}, .report = {}, .failure = "hung"});
    append(merged, {.expected = {},
                    .report = {.context = {{"host", "h"}}, .benchmarks = Json::array({entry("f/b/1", 0)})},
                    .failure = ""});
    EXPECT_EQ(merged.context, Json({{"host", "h"}}));
    EXPECT_EQ(merged.benchmarks[1]["family_index"], 1);
}

}  // namespace
}  // namespace faultline::results
