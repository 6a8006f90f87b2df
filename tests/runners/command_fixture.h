// The `faultline` command as a user meets it: the real executable, with stand-ins for the programs that it starts.
#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "results/atomic_file.h"
#include "results/benchmark_report.h"
#include "runners/system/subprocess.h"
#include "tests/temporary_directory.h"

namespace faultline::runners {

namespace fs = std::filesystem;
using results::BenchmarkReport;
using results::Json;

class Command : public testing::Test {
private:
    TemporaryDirectory directory_;  // first: what follows has paths in it

protected:
    Command() {
        fs::create_directory(root() / "bin");
        // A copy, since the command looks for its parts beside the executable.
        fs::copy_file(FAULTLINE_PROGRAM, root() / "bin/faultline");
        fs::create_symlink(FAKE_BENCH, root() / "bin/faultline-bench");
        fs::create_symlink(FAKE_BENCH, root() / "bin/faultline-workloads");
        fs::create_symlink(FAKE_PROBE, root() / "bin/faultline-probe");
        directory_.write("lib/libze_faultline.so", "");
    }

    const fs::path& root() const { return directory_.path(); }
    fs::path output() const { return root() / "out"; }
    const TemporaryDirectory& directory() const { return directory_; }

    ChildCommand command(std::vector<std::string> arguments) const {
        arguments.insert(arguments.begin(), (root() / "bin/faultline").string());
        return ChildCommand{.argv = std::move(arguments), .environment = environment};
    }

    ChildResult faultline(const std::vector<std::string>& arguments) const {
        const auto result = run_child(command(arguments));
        EXPECT_TRUE(result.ok());
        return result.ok() ? *result : ChildResult{};
    }

    /// A run of the stand-ins into output(), one repetition.
    ChildResult run(std::vector<std::string> more = {}) const {
        std::vector<std::string> arguments = {"run", "--output", output().string(), "--repetitions", "1"};
        arguments.insert(arguments.end(), more.begin(), more.end());
        return faultline(arguments);
    }

    BenchmarkReport report() const {
        auto read = results::read_benchmark_report(output() / "run.json");
        EXPECT_TRUE(read.ok()) << read.error().message;
        return read.ok() ? *read : BenchmarkReport{};
    }

    /// Benchmark name -> error message, empty for one that ran.
    std::map<std::string, std::string> outcomes() const {
        std::map<std::string, std::string> found;
        for (const Json& benchmark : report().benchmarks) {
            found[benchmark["run_name"]] =
                benchmark.value("error_occurred", false) ? benchmark.value("error_message", "") : "";
        }
        return found;
    }

    Json manifest() const {
        const auto text = results::read_file(output() / "manifest.json");
        EXPECT_TRUE(text.ok());
        return text.ok() ? Json::parse(*text) : Json();
    }

    std::map<std::string, std::string> states() const {
        std::map<std::string, std::string> found;
        const Json all = manifest();
        for (const Json& family : all.at("families"))
            found[family.at("family").get<std::string>()] = family.at("state").get<std::string>();
        return found;
    }

    fs::path database() const { return root() / "runs/faultline.db"; }

    std::map<std::string, std::string> environment = {{"FAULTLINE_REFERENCE_DRIVER", ""},
                                                      {"ZE_ENABLE_ALT_DRIVERS", ""},
                                                      {"NO_COLOR", "1"},
                                                      {"FAULTLINE_LOCK_DIR", root().string()},
                                                      {"FAULTLINE_DB", database().string()}};
};

inline const std::string kTouch4K = "fault/first_touch/read/cpu_touched/stride:4K";
inline const std::string kParallel1 = "fault/parallelism/read/threads:1";
inline const std::string kParallel2 = "fault/parallelism/read/threads:2";
inline const std::string kParallel4 = "fault/parallelism/read/threads:4";

}  // namespace faultline::runners
