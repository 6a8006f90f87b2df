// Two installed kernels booted in QEMU, in software, each running a benchmark on the reference by its own userfaultfd.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <set>
#include <string>
#include <vector>

#include "results/benchmark_report.h"
#include "runners/matrix/kernel.h"
#include "runners/system/subprocess.h"
#include "tests/temporary_directory.h"

namespace faultline::runners {
namespace {

namespace fs = std::filesystem;
using results::Json;
using testing::HasSubstr;

bool has_program(const std::string& name) {
    const auto found = run_child({.argv = {"/usr/bin/env", "sh", "-c", "command -v \"$1\"", "sh", name}});
    return found.ok() && found->ok();
}

std::vector<std::string> installed_kernels() {
    std::vector<std::string> releases;
    std::error_code error;
    for (const fs::directory_entry& entry : fs::directory_iterator("/boot", error)) {
        const std::string name = entry.path().filename().string();
        if (name.starts_with("vmlinuz-") && find_kernel(name.substr(8), "/boot").ok())
            releases.push_back(name.substr(8));
    }
    return releases;
}

TEST(MatrixQemu, TwoKernelsAreBootedAndCompared) {
    for (const char* program : {"qemu-system-x86_64", "busybox", "cpio"}) {
        if (!has_program(program)) GTEST_SKIP() << program << " is not installed; see docs/matrix.md";
    }
    const std::vector<std::string> kernels = installed_kernels();
    if (kernels.size() < 2) GTEST_SKIP() << "/boot has fewer than two kernels; see docs/matrix.md";

    const TemporaryDirectory directory;
    const std::string database = (directory.path() / "faultline.db").string();
    const std::string output = (directory.path() / "matrix").string();
    const std::string benchmark = "first_touch/read/cpu_touched/stride:4K";
    const auto matrix =
        run_child({.argv = {FAULTLINE_PROGRAM, "matrix",  "--kernels",     kernels[0] + "," + kernels[1],
                            "--accelerator",   "tcg",     "--boots",       "1",
                            "--filter",        benchmark, "--repetitions", "1",
                            "--min-time",      "0.01",    "--timeout",     "600",
                            "--output",        output,    "--db",          database},
                   .time_limit = std::chrono::minutes(25)});
    ASSERT_TRUE(matrix.ok());
    EXPECT_EQ(matrix->code, 2) << matrix->err;  // one boot a side tells nothing
    EXPECT_THAT(matrix->out, HasSubstr("| benchmark"));
    EXPECT_THAT(matrix->out, HasSubstr("fault/" + benchmark)) << matrix->err;

    const auto runs = run_child({.argv = {FAULTLINE_PROGRAM, "runs", "--json", "--db", database}});
    ASSERT_TRUE(runs.ok() && runs->ok());
    std::set<std::string> ran;
    const Json stored = Json::parse(runs->out);
    for (const Json& run : stored.at("runs")) {
        EXPECT_EQ(run.at("failed"), 0);
        ran.insert(run.at("kernel").get<std::string>());
    }
    EXPECT_EQ(ran, (std::set<std::string>{kernels[0], kernels[1]}));
}

}  // namespace
}  // namespace faultline::runners
