#include "results/benchmark_report.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/temporary_directory.h"

namespace faultline::results {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Pair;
using testing::StartsWith;

// As Google Benchmark 1.7.1 writes it.
constexpr const char* kWhole = R"({
  "context": {
    "date": "2026-01-02T03:04:05+00:00",
    "num_cpus": 4
  },
  "benchmarks": [
    {
      "name": "fault/a/x",
      "family_index": 0,
      "run_name": "fault/a/x",
      "run_type": "iteration",
      "repetitions": 2,
      "repetition_index": 0,
      "iterations": 10,
      "real_time": 1.5000000000000000e+03,
      "cpu_time": 1.4000000000000000e+03,
      "time_unit": "ns",
      "faults_per_second": 1.0e+06
    },
    {
      "name": "fault/a/x_cv",
      "family_index": 0,
      "run_name": "fault/a/x",
      "run_type": "aggregate",
      "aggregate_name": "cv",
      "real_time": NaN,
      "cpu_time": -NaN,
      "time_unit": "ns",
      "faults_per_second": Infinity
    }
  ]
}
)";

TEST(BenchmarkReport, ReadsWhatGoogleBenchmarkWrites) {
    const auto report = parse_benchmark_report(kWhole, "run.json");
    ASSERT_TRUE(report.ok()) << report.error().message;
    EXPECT_TRUE(report->complete);
    EXPECT_EQ(report->context["num_cpus"], 4);
    ASSERT_EQ(report->benchmarks.size(), 2u);
    EXPECT_EQ(report->benchmarks[0]["faults_per_second"], 1e6);
}

TEST(BenchmarkReport, ReadsBareNonFiniteNumbersAsNull) {
    const auto report = parse_benchmark_report(kWhole, "run.json");
    ASSERT_TRUE(report.ok());
    for (const char* key : {"real_time", "cpu_time", "faults_per_second"}) {
        EXPECT_TRUE(report->benchmarks[1][key].is_null()) << key;
    }
}

TEST(BenchmarkReport, LeavesNonFiniteWordsInStringsAlone) {
    const auto report =
        parse_benchmark_report(R"({"context": {"a": "NaN \" Infinity"}, "benchmarks": []})", "run.json");
    ASSERT_TRUE(report.ok());
    EXPECT_EQ(report->context["a"], "NaN \" Infinity");
}

// Wherever the writer died, what is kept is exactly the benchmarks that were whole.
TEST(BenchmarkReport, KeepsTheWholeBenchmarksOfATextCutAnywhere) {
    const std::string text = kWhole;
    const std::size_t list = text.find('[') + 1;
    const std::size_t first_end = text.find("1.0e+06\n    }") + std::string("1.0e+06\n    }").size();
    const std::size_t second_end = text.find("Infinity\n    }") + std::string("Infinity\n    }").size();
    const std::size_t root_end = text.rfind('}') + 1;
    for (std::size_t length = 0; length < root_end; ++length) {
        const auto report = parse_benchmark_report(text.substr(0, length), "run.json");
        if (length < list) {
            EXPECT_FALSE(report.ok()) << length;
            continue;
        }
        ASSERT_TRUE(report.ok()) << length << ": " << report.error().message;
        EXPECT_FALSE(report->complete) << length;
        EXPECT_EQ(report->benchmarks.size(), length < first_end ? 0u : length < second_end ? 1u : 2u) << length;
    }
}

TEST(BenchmarkReport, ErrorsNameTheFileAndTheField) {
    const auto error = [](const char* text) {
        const auto report = parse_benchmark_report(text, "run.json");
        return report.ok() ? std::string("no error") : report.error().message;
    };
    EXPECT_EQ(error("{\n  \"context\": oops\n}"), "run.json:2:14: not JSON");
    EXPECT_EQ(error(R"({"benchmarks": []})"), "run.json: context: expected an object");
    EXPECT_EQ(error(R"({"context": {}, "benchmarks": {}})"), "run.json: benchmarks: expected a list");
    EXPECT_EQ(error(R"({"context": {}, "benchmarks": [{"run_name": "a", "run_type": "iteration"}]})"),
              "run.json: benchmarks[0].name: expected a string");
    EXPECT_EQ(error(R"({"context": {}, "benchmarks": [{"name": "a", "run_name": "a", "run_type": "iteration",
                       "real_time": "1", "cpu_time": 1}]})"),
              "run.json: benchmarks[0].real_time: expected a number");
    EXPECT_EQ(error(""), "run.json:1:1: not JSON");
    EXPECT_EQ(error("[]"), "run.json: expected an object with context and benchmarks");
}

TEST(BenchmarkReport, AFileThatIsNotThereIsNamed) {
    const TemporaryDirectory directory;
    const auto report = read_benchmark_report(directory.path() / "none.json");
    ASSERT_FALSE(report.ok());
    EXPECT_EQ(report.error().kind, ErrorKind::kBadInput);
    EXPECT_THAT(report.error().message,
                testing::AllOf(StartsWith("cannot read "), HasSubstr("none.json: No such file")));
}

TEST(BenchmarkReport, ComesOutAsItWentIn) {
    const auto report = parse_benchmark_report(kWhole, "run.json");
    ASSERT_TRUE(report.ok());
    const auto again = parse_benchmark_report(to_text(*report), "again");
    ASSERT_TRUE(again.ok());
    EXPECT_EQ(again->context, report->context);
    EXPECT_EQ(again->benchmarks, report->benchmarks);
}

/// The run_names and names of a report of these benchmarks.
std::vector<std::pair<std::string, std::string>> names_of(const std::vector<std::pair<const char*, const char*>>& in) {
    Json benchmarks = Json::array();
    for (const auto& [run_name, name] : in)
        benchmarks.push_back(
            {{"name", name}, {"run_name", run_name}, {"run_type", "iteration"}, {"real_time", 1}, {"cpu_time", 1}});
    const auto report =
        parse_benchmark_report(to_text({.context = Json::object(), .benchmarks = benchmarks, .complete = true}), "x");
    EXPECT_TRUE(report.ok()) << report.error().message;
    std::vector<std::pair<std::string, std::string>> out;
    for (const Json& benchmark : report->benchmarks) out.emplace_back(benchmark["run_name"], benchmark["name"]);
    return out;
}

TEST(BenchmarkReport, NamesAreCanonical) {
    EXPECT_THAT(names_of({{"fault/a/iterations:8/manual_time", "fault/a/iterations:8/manual_time"},
                          {"fault/a/iterations:8/manual_time", "fault/a/iterations:8/manual_time_mean"},
                          {"fault/parallelism/threads:4/manual_time", "fault/parallelism/threads:4/manual_time"}}),
                ElementsAre(Pair("fault/a", "fault/a"), Pair("fault/a", "fault/a_mean"),
                            Pair("fault/parallelism/threads:4", "fault/parallelism/threads:4")));
}

TEST(BenchmarkReport, NamesOfAnOlderProgramAreTodays) {
    EXPECT_THAT(names_of({{"p2p/copy/one/size:2M/pair:0-1/iterations:3/manual_time", "other"}}),
                ElementsAre(Pair("p2p/copy/one/size:2M/from:0/to:1", "other")));
}

// Somebody else's program may time a benchmark in two ways: what it tells apart stays apart.
TEST(BenchmarkReport, TwoBenchmarksNeverBecomeOne) {
    EXPECT_THAT(
        names_of({{"BM_x/real_time", "BM_x/real_time"}, {"BM_x", "BM_x"}, {"BM_y/real_time", "BM_y/real_time"}}),
        ElementsAre(Pair("BM_x/real_time", "BM_x/real_time"), Pair("BM_x", "BM_x"), Pair("BM_y", "BM_y")));
    EXPECT_THAT(
        names_of({{"BM_x/iterations:1", "BM_x/iterations:1"}, {"BM_x/iterations:2", "BM_x/iterations:2"}}),
        ElementsAre(Pair("BM_x/iterations:1", "BM_x/iterations:1"), Pair("BM_x/iterations:2", "BM_x/iterations:2")));
}

}  // namespace
}  // namespace faultline::results
