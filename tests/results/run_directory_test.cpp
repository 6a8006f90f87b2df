#include "results/run_directory.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <tuple>

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

// Wherever the earlier process was killed, its files are found and the directory becomes whole under its name.
TEST(RunDirectory, GoesOnWithWhatAnEarlierProcessLeft) {
    const char* whole =
        "# faultline-latency 1\n# benchmark: a\n# unit: ns\n# columns: repetition iteration latency\n0 0 1\n";
    for (const char* place : {"noted", "committed", "stray", "nothing left"}) {
        const TemporaryDirectory parent;
        const fs::path final_path = parent.path() / "run";
        fs::path work = parent.path() / "run.partial-gone";
        const bool left = std::string_view(place) != "nothing left";
        if (left) {
            auto first = RunDirectory::create(final_path);
            ASSERT_TRUE(first.ok());
            std::ofstream(first->latency_directory() / "a.lat") << whole;
            std::ofstream(first->latency_directory() / "half.lat") << "# faultline-latency 1\n";
            if (std::string_view(place) == "noted") work = first->work_path();
            first->keep();
            if (std::string_view(place) == "committed") {
                fs::remove(first->latency_directory() / "half.lat");
                ASSERT_TRUE(first->commit({}, example()).ok());
            }
        }
        auto again = RunDirectory::reopen(final_path, work);
        ASSERT_TRUE(again.ok()) << place << again.error().message;
        EXPECT_FALSE(fs::exists(final_path)) << place;
        ASSERT_TRUE(again->commit({}, example()).ok());
        EXPECT_THAT(names(parent.path()), ElementsAre("run")) << place;
        EXPECT_EQ(fs::exists(final_path / "latency/a.lat"), left) << place;
        EXPECT_FALSE(fs::exists(final_path / "latency/half.lat")) << place;
        EXPECT_EQ(read_manifest(final_path / "manifest.json")->latency_files.size(), left ? 1u : 0u) << place;
    }
}

TEST(RunDirectory, IsLockedWhileItIsBuilt) {
    const TemporaryDirectory parent;
    const fs::path final_path = parent.path() / "run";
    fs::path work;
    {
        auto directory = RunDirectory::create(final_path);
        directory->keep();
        work = directory->work_path();
        EXPECT_TRUE(RunDirectory::is_being_built(work));
        const auto second = RunDirectory::reopen(final_path, work);
        ASSERT_FALSE(second.ok());
        EXPECT_EQ(second.error().kind, ErrorKind::kUnavailable);
        EXPECT_THAT(second.error().message, HasSubstr("still being built"));
    }
    EXPECT_FALSE(RunDirectory::is_being_built(work));
    EXPECT_FALSE(RunDirectory::is_being_built(parent.path() / "none"));
    EXPECT_TRUE(RunDirectory::reopen(final_path, work).ok());
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

TEST(Manifest, IsReadAsItWasWritten) {
    const TemporaryDirectory directory;
    const auto read = read_manifest(directory.write("manifest.json", kManifest));
    ASSERT_TRUE(read.ok()) << read.error().message;
    EXPECT_EQ(to_json(*read).dump(2), kManifest);
}

TEST(Manifest, NamesWhatIsWrongInIt) {
    const TemporaryDirectory directory;
    for (const auto& [key, value, expected] : std::vector<std::tuple<std::string, Json, std::string>>{
             {"schema_version", 2, "schema_version 2, but this faultline knows only 1"},
             {"suite", 7, "type must be string"},
             {"families", Json::array({Json::object()}), "'family' not found"}}) {
        Json json = Json::parse(kManifest);
        json[key] = value;
        const auto read = read_manifest(directory.write("manifest.json", json.dump()));
        ASSERT_FALSE(read.ok()) << key;
        EXPECT_EQ(read.error().kind, ErrorKind::kBadInput);
        EXPECT_THAT(read.error().message, testing::AllOf(HasSubstr("manifest.json: "), HasSubstr(expected)));
    }
    EXPECT_FALSE(read_manifest(directory.write("manifest.json", "{")).ok());
}

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
