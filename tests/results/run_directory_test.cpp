#include "results/run_directory.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "results/atomic_file.h"
#include "tests/temporary_directory.h"

namespace faultline::results {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::HasSubstr;

std::vector<std::string> names(const fs::path& directory) {
    std::vector<std::string> found;
    for (const auto& entry : fs::directory_iterator(directory)) found.push_back(entry.path().filename());
    std::sort(found.begin(), found.end());
    return found;
}

Manifest example() {
    Manifest manifest;
    manifest.faultline_version = "0.1.0";
    manifest.suite = "quick";
    manifest.command_line = {"faultline", "run"};
    manifest.started_utc = "2026-01-02T03:04:05Z";
    manifest.seconds = 1.5;
    manifest.device = {.kind = "reference",
                       .index = 0,
                       .name = "Faultline reference",
                       .driver_version = "0.1.0",
                       .policy = "xe-7.0",
                       .model = "native",
                       .monitor = "uffd+move"};
    manifest.families.push_back({.family = "fault/first_touch",
                                 .state = "crashed",
                                 .detail = "killed by signal 11 (Segmentation fault)",
                                 .command = {"faultline-bench"},
                                 .benchmarks = 2,
                                 .failed = 1,
                                 .seconds = 0.5});
    return manifest;
}

TEST(RunDirectory, IsNotThereBeforeItIsWhole) {
    const TemporaryDirectory parent;
    const fs::path final_path = parent.path() / "deep" / "run";
    auto directory = RunDirectory::create(final_path);
    ASSERT_TRUE(directory.ok()) << directory.error().message;
    EXPECT_FALSE(fs::exists(final_path));
    ASSERT_TRUE(directory->commit({}, example()).ok());
    EXPECT_THAT(names(final_path), ElementsAre("latency", "manifest.json", "run.json"));
    EXPECT_THAT(names(final_path.parent_path()), ElementsAre("run"));
}

TEST(RunDirectory, LeavesNothingWhenItIsNotCommitted) {
    const TemporaryDirectory parent;
    { auto directory = RunDirectory::create(parent.path() / "run"); }
    EXPECT_THAT(names(parent.path()), ElementsAre());
}

TEST(RunDirectory, AnEmptyDirectoryMayBeThereAndAFullOneNot) {
    const TemporaryDirectory parent;
    fs::create_directory(parent.path() / "empty");
    auto directory = RunDirectory::create(parent.path() / "empty");
    ASSERT_TRUE(directory.ok());
    ASSERT_TRUE(directory->commit({}, example()).ok());

    const auto again = RunDirectory::create(parent.path() / "empty");
    ASSERT_FALSE(again.ok());
    EXPECT_EQ(again.error().kind, ErrorKind::kBadInput);
    EXPECT_THAT(again.error().message, HasSubstr("exists and is not an empty directory"));
    EXPECT_FALSE(RunDirectory::create(parent.write("file", "x")).ok());
}

TEST(RunDirectory, APlaceThatCannotBeWrittenIsNamed) {
    const TemporaryDirectory parent;
    const fs::path impossible = parent.write("file", "x") / "run";
    const auto directory = RunDirectory::create(impossible);
    ASSERT_FALSE(directory.ok());
    EXPECT_THAT(directory.error().message, HasSubstr(impossible.string()));
}

TEST(RunDirectory, DropsLatencyFilesThatAreNotWhole) {
    const TemporaryDirectory parent;
    auto directory = RunDirectory::create(parent.path() / "run");
    ASSERT_TRUE(directory.ok());
    const std::string good =
        "# faultline-latency 1\n# benchmark: a\n# unit: ns\n# columns: repetition iteration latency\n0 0 1\n";
    ASSERT_TRUE(write_file_atomically(directory->latency_directory() / "good.lat", good).ok());
    ASSERT_TRUE(write_file_atomically(directory->latency_directory() / "cut.lat", good + "0 1").ok());
    ASSERT_TRUE(write_file_atomically(directory->latency_directory() / "x.lat.12.tmp", good).ok());
    EXPECT_THAT(directory->check_new_latency_files(),
                ElementsAre(HasSubstr("latency/cut.lat dropped: "), HasSubstr("latency/x.lat.12.tmp dropped: ")));
    EXPECT_THAT(directory->check_new_latency_files(), ElementsAre());
    ASSERT_TRUE(directory->commit({}, example()).ok());
    EXPECT_THAT(names(parent.path() / "run" / "latency"), ElementsAre("good.lat"));
    const auto manifest = read_file(parent.path() / "run" / "manifest.json");
    ASSERT_TRUE(manifest.ok());
    EXPECT_EQ(Json::parse(*manifest)["latency_files"], Json({"latency/good.lat"}));
}

constexpr const char* kManifest = R"json({
  "schema_version": 1,
  "faultline_version": "0.1.0",
  "suite": "quick",
  "command_line": [
    "faultline",
    "run"
  ],
  "started_utc": "2026-01-02T03:04:05Z",
  "seconds": 1.5,
  "interrupted": false,
  "device": {
    "kind": "reference",
    "index": 0,
    "name": "Faultline reference",
    "driver_version": "0.1.0",
    "policy": "xe-7.0",
    "model": "native",
    "monitor": "uffd+move"
  },
  "families": [
    {
      "family": "fault/first_touch",
      "state": "crashed",
      "command": [
        "faultline-bench"
      ],
      "benchmarks": 2,
      "failed": 1,
      "seconds": 0.5,
      "detail": "killed by signal 11 (Segmentation fault)"
    }
  ],
  "report": "run.json",
  "latency_files": []
})json";

TEST(Manifest, Golden) { EXPECT_EQ(to_json(example()).dump(2), kManifest); }

TEST(AtomicFile, ReplacesAndNamesWhatCannotBeWritten) {
    const TemporaryDirectory directory;
    const fs::path file = directory.write("a", "old");
    ASSERT_TRUE(write_file_atomically(file, "new").ok());
    EXPECT_EQ(*read_file(file), "new");
    const Status status = write_file_atomically(directory.path() / "none" / "a", "x");
    ASSERT_FALSE(status.ok());
    EXPECT_THAT(status.error().message, HasSubstr("none/a: No such file or directory"));
    EXPECT_THAT(names(directory.path()), ElementsAre("a"));
    EXPECT_FALSE(read_file(directory.path()).ok());
}

}  // namespace
}  // namespace faultline::results
