// `faultline model`: from a file and from the store to the same model; what is wrong is one line.
#include <gmock/gmock.h>

#include <algorithm>

#include "tests/runners/command_fixture.h"

namespace faultline::runners {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

constexpr const char* kReport =
    R"({"context": {"date": "2026-01-02T03:04:05+00:00", "device": "a GPU", "env_device_vram_mib": "4096"}, "benchmarks": [
  {"name": "fault/thp/small/untouched/manual_time", "run_name": "fault/thp/small/untouched/manual_time",
   "run_type": "iteration", "iterations": 1, "real_time": 1, "cpu_time": 1, "time_unit": "ns",
   "faults": 32, "gt.pagefault_us": 3200, "latency_p50_ns": 150000}]})";

TEST_F(Command, ModelIsWrittenFromAFileAndFromTheStore) {
    const auto file = directory().write("run.json", kReport);
    const ChildResult printed = faultline({"model", "--from", file.string()});
    EXPECT_EQ(printed.code, 0) << printed.err;
    EXPECT_THAT(printed.out, HasSubstr("report_us = 50  # fault/thp/small/untouched"));
    EXPECT_THAT(printed.out, HasSubstr("vram_mib = 4096  #"));
    const ChildResult imported = faultline({"import", file.string(), "--label", "x"});
    ASSERT_EQ(imported.code, 0) << imported.err;
    const auto model = root() / "fitted.toml";
    const ChildResult stored = faultline({"model", "--from", "label:x", "-o", model.string()});
    EXPECT_EQ(stored.code, 0) << stored.err;
    const auto text = results::read_file(model);
    ASSERT_TRUE(text.ok());
    const auto figures = [](const std::string& toml) { return toml.substr(toml.find("\n[device]")); };
    EXPECT_EQ(figures(*text), figures(printed.out));
    EXPECT_THAT(*text, HasSubstr("source = \"measured: run "));
}

TEST_F(Command, AModelOfNothingIsOneLineAndStatusTwo) {
    const auto empty = directory().write("empty.json", R"({"context": {}, "benchmarks": []})");
    const auto broken = directory().write("broken.json", "{]");
    for (const std::string& from : {empty.string(), broken.string(), (root() / "none.json").string(),
                                    std::string("label:nobody"), std::string("nonsense")}) {
        const ChildResult result = faultline({"model", "--from", from});
        EXPECT_EQ(result.code, 2) << from;
        EXPECT_THAT(result.err, StartsWith("faultline: ")) << from;
        EXPECT_EQ(std::count(result.err.begin(), result.err.end(), '\n'), 1) << result.err;
        EXPECT_EQ(result.out, "") << from;
    }
}

}  // namespace
}  // namespace faultline::runners
