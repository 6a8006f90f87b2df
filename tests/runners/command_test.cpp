// Measuring and looking: run, list, devices, doctor.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cstdio>
#include <fstream>
#include <thread>

#include "base/version.h"
#include "tests/runners/command_fixture.h"

namespace faultline::runners {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::StartsWith;

TEST_F(Command, RunStoresAndPrintsWhatItMeasured) {
    const ChildResult result = run();
    EXPECT_EQ(result.code, 0) << result.err;
    EXPECT_THAT(result.out, AllOf(StartsWith("suite quick: 7 benchmarks, 0 failed, "),
                                  HasSubstr("\ndevice: Fake reference (reference:0), policy: xe-7.0, model: native\n"),
                                  HasSubstr("every time below is modelled (model: native)"),
                                  HasSubstr("read/cpu_touched/stride:4K"), HasSubstr("123k"), HasSubstr("1.50us")));
    EXPECT_TRUE(result.out.ends_with("stored in " + output().string() + "\n")) << result.out;
    for (const auto& [name, error] : outcomes()) EXPECT_EQ(error, "") << name;
    EXPECT_EQ(outcomes().size(), 7u);
    EXPECT_EQ(report().context["faultline"]["device"]["policy"], "xe-7.0");
    EXPECT_EQ(report().context["faultline"]["version"], version());
    EXPECT_EQ(manifest()["faultline_version"], version());
    EXPECT_EQ(manifest()["latency_files"].size(), 7u);
    EXPECT_THAT(result.err, HasSubstr("[1/4] fault/first_touch: 2 benchmarks"));
    EXPECT_THAT(result.err, Not(HasSubstr("\r")));
}

TEST_F(Command, ChildrenGetTheDeviceAndNothingElse) {
    environment["FAKE_ENVIRONMENT"] = (root() / "environment").string();
    ASSERT_EQ(run({"--policy", "xe-7.0,chunk=4K", "--model", "other"}).code, 0);
    const auto seen = results::read_file(root() / "environment");
    ASSERT_TRUE(seen.ok());
    EXPECT_THAT(*seen, AllOf(HasSubstr("\nFAULTLINE_DEVICE=reference\n"), HasSubstr("\nFAULTLINE_DEVICE_INDEX=0\n"),
                             HasSubstr("\nFAULTLINE_POLICY=xe-7.0,chunk=4K\n"), HasSubstr("\nFAULTLINE_MODEL=other\n"),
                             HasSubstr("/lib/libze_faultline.so\n"), HasSubstr("\nFAULTLINE_LATENCY_DIR=")));
    EXPECT_EQ(manifest()["device"]["policy"], "xe-7.0,chunk=4K");
}

TEST_F(Command, ACrashIsARecordedResultAndTheRunGoesOn) {
    environment["FAKE_BEHAVIOUR"] = kParallel2 + "=crash";
    const ChildResult result = run();
    EXPECT_EQ(result.code, 1);
    auto outcome = outcomes();
    EXPECT_EQ(outcome.size(), 7u);
    EXPECT_EQ(outcome[kParallel1], "");
    EXPECT_EQ(outcome[kParallel2], "crashed: killed by signal 11 (Segmentation fault)");
    EXPECT_EQ(outcome[kParallel4], "crashed: killed by signal 11 (Segmentation fault)");
    EXPECT_EQ(outcome["workload/bfs/karate/svm"], "");
    EXPECT_EQ(states()["fault/parallelism"], "crashed");
    EXPECT_EQ(states()["fault/same_page_storm"], "ok");
    EXPECT_TRUE(fs::exists(output() / "logs/fault.parallelism.txt"));
    EXPECT_THAT(result.out, HasSubstr("\nfailed or not run:\n  " + kParallel2));
    EXPECT_THAT(result.out, HasSubstr("7 benchmarks, 2 failed"));
}

TEST_F(Command, AHangIsEndedAtTheTimeLimit) {
    environment["FAKE_BEHAVIOUR"] = kParallel4 + "=hang";
    // A longer limit where the machine is too busy to come as far as the hang.
    std::map<std::string, std::string> outcome;
    std::string limit;
    for (const char* next : {"0.5", "5", "60"}) {
        limit = next;
        fs::remove_all(output());
        const ChildResult result = run({"--timeout", limit});
        EXPECT_EQ(result.code, 1);
        outcome = outcomes();
        if (outcome[kParallel2].empty()) break;
    }
    EXPECT_EQ(outcome[kParallel2], "");
    EXPECT_EQ(outcome[kParallel4], "timed out: hung: ended at its time limit of " + limit + " s");
    EXPECT_EQ(states()["fault/parallelism"], "timed out");
}

TEST_F(Command, ABadExitAndAnErrorAreRecorded) {
    environment["FAKE_BEHAVIOUR"] = kParallel1 + "=exit3;" + kTouch4K + "=error";
    const ChildResult result = run();
    EXPECT_EQ(result.code, 1);
    auto outcome = outcomes();
    EXPECT_THAT(outcome[kParallel1], StartsWith("failed: exited with status 3"));
    EXPECT_EQ(outcome[kTouch4K], "the data is wrong");
    EXPECT_EQ(states()["fault/first_touch"], "failed");
}

TEST_F(Command, ASkipIsSaidWithItsReasonAndIsNoFailure) {
    environment["FAKE_BEHAVIOUR"] = kParallel1 + "=skip;" + kParallel4 + "=skip";
    const ChildResult result = run();
    EXPECT_EQ(result.code, 0) << result.err;
    EXPECT_THAT(result.out, AllOf(StartsWith("suite quick: 7 benchmarks, 0 failed, 2 skipped, "),
                                  HasSubstr("\nskipped:\n  " + kParallel1 +
                                            ": there is one device, and this takes two\n  " + kParallel4),
                                  Not(HasSubstr("failed or not run"))));
    EXPECT_THAT(result.err, HasSubstr("fault/parallelism: 3 benchmarks, "));
    EXPECT_THAT(result.err, HasSubstr("ok: 2 of 3 benchmarks skipped\n"));
    EXPECT_EQ(states()["fault/parallelism"], "ok");
    EXPECT_THAT(manifest()["families"].dump(), HasSubstr("\"skipped\":2"));
    EXPECT_FALSE(fs::exists(output() / "logs/dmesg.txt"));
    // As the store has it.
    const ChildResult runs = faultline({"runs", "--json"});
    ASSERT_EQ(runs.code, 0) << runs.err;
    EXPECT_THAT(runs.out, HasSubstr("\"failed\": 0"));
    const ChildResult exported = faultline({"export", "last:1"});
    EXPECT_THAT(exported.out, HasSubstr("skipped: there is one device, and this takes two"));
}

TEST_F(Command, ASkipDoesNotHideAFailure) {
    environment["FAKE_BEHAVIOUR"] = kParallel1 + "=skip;" + kParallel4 + "=error";
    const ChildResult result = run();
    EXPECT_EQ(result.code, 1);
    EXPECT_THAT(result.out, StartsWith("suite quick: 7 benchmarks, 1 failed, 1 skipped, "));
    EXPECT_THAT(result.err, HasSubstr("failed: 1 of 3 benchmarks failed; 1 of 3 benchmarks skipped\n"));
}

TEST_F(Command, AGarbageReportIsAFailureOfEveryBenchmark) {
    environment["FAKE_GARBAGE"] = "1";
    const ChildResult result = run();
    EXPECT_EQ(result.code, 1);
    EXPECT_EQ(outcomes().size(), 7u);
    for (const auto& [name, error] : outcomes()) EXPECT_THAT(error, HasSubstr("benchmarks: expected a list")) << name;
}

TEST_F(Command, AHalfWrittenLatencyFileIsDroppedAndSaid) {
    environment["FAKE_BEHAVIOUR"] = kParallel2 + "=cutlat";
    const ChildResult result = run();
    EXPECT_EQ(result.code, 1);
    EXPECT_THAT(result.out, HasSubstr("fault_parallelism_read_threads:2.lat dropped: "));
    EXPECT_EQ(manifest()["latency_files"].size(), 6u);
}

class Interrupted : public Command, public testing::WithParamInterface<const char*> {};

// Whether or not the child heeds SIGTERM: it is gone, the status is 130, and what finished is kept.
TEST_P(Interrupted, KeepsWhatFinished) {
    const std::string fifo = (root() / "fifo").string();
    ASSERT_EQ(::mkfifo(fifo.c_str(), 0600), 0);
    environment["FAKE_FIFO"] = fifo;
    environment["FAKE_BEHAVIOUR"] = kParallel2 + "=" + GetParam();
    const ChildCommand started = command({"run", "--output", output().string(), "--repetitions", "1"});
    Expected<ChildResult> result = Error{};
    std::thread runner([&] { result = run_child(started); });
    std::string text;
    std::ifstream(fifo) >> text;  // opens when the stand-in hangs
    const pid_t hanging = std::stoi(text);
    // The command is the hanging child's parent.
    std::ifstream status("/proc/" + text + "/stat");
    std::string id;
    std::string name;
    std::string state;
    pid_t parent = 0;
    status >> id >> name >> state >> parent;
    ASSERT_GT(parent, 1);
    ASSERT_EQ(::kill(parent, SIGINT), 0);
    if (std::string_view(GetParam()) == "deaf") {
        // Another signal, since a second one of the same kind could merge with the first.
        EXPECT_EQ(::kill(parent, SIGTERM), 0);
    }
    runner.join();
    ASSERT_TRUE(result.ok());
    EXPECT_EQ(result->end, ChildEnd::kExited);
    // Of two signals at once the second may be handled first.
    const bool twice = std::string_view(GetParam()) == "deaf";
    EXPECT_THAT(result->code, twice ? testing::AnyOf(130, 143) : testing::AnyOf(130, 130)) << result->err;
    EXPECT_EQ(::kill(hanging, 0), -1);
    EXPECT_THAT(outcomes(),
                testing::UnorderedElementsAre(testing::Pair(kTouch4K, ""),
                                              testing::Pair("fault/first_touch/atomic/cpu_touched/stride:64K", ""),
                                              testing::Pair(kParallel1, "")));
    EXPECT_EQ(manifest()["interrupted"], true);
    EXPECT_EQ(states()["fault/parallelism"], "interrupted");
    EXPECT_EQ(states()["fault/same_page_storm"], "not run");
}
INSTANTIATE_TEST_SUITE_P(Command, Interrupted, testing::Values("hang", "deaf"));

TEST_F(Command, BadInputIsOneLineAndStatusTwo) {
    const fs::path full = directory().write("full/file", "x").parent_path();
    const fs::path file = directory().write("plain", "x");
    const std::vector<std::pair<std::vector<std::string>, std::string>> cases = {
        {{}, "subcommand"},
        {{"frobnicate"}, "frobnicate"},
        {{"run", "--frobnicate"}, "--frobnicate"},
        {{"run", "--suite", "none"},
         "unknown suite \"none\"; suites: quick, fault, migration, invalidation, baseline, p2p, workloads, policy, "
         "nightly, all"},
        {{"list", "--suite", "none"},
         "unknown suite \"none\"; suites: quick, fault, migration, invalidation, baseline, p2p, workloads, policy, "
         "nightly, all"},
        {{"run", "--device", "cuda"}, "reference"},
        {{"run", "--device-index", "x"}, "--device-index"},
        {{"run", "--filter", "("}, "--filter \"(\" is not a regular expression"},
        {{"run", "--filter", "nothing-like-it"}, "leaves no benchmark of suite quick"},
        {{"run", "--repetitions", "0"}, "--repetitions"},
        {{"run", "--timeout", "-1"}, "--timeout"},
        {{"run", "--policy", "nonsense"}, "unknown preset \"nonsense\""},
        {{"run", "--device", "xe"}, "looked for device xe:0, found: no xe device; run `faultline doctor`"},
        {{"run", "--device-index", "7"}, "index 7"},
        {{"run", "--output", full.string()}, "exists and is not an empty directory"},
        {{"run", "--output", (file / "below").string()}, (file / "below").string()},
    };
    for (const auto& [arguments, expected] : cases) {
        const ChildResult result = faultline(arguments);
        EXPECT_EQ(result.end, ChildEnd::kExited) << expected;
        EXPECT_EQ(result.code, 2) << expected << result.err;
        EXPECT_THAT(result.err, AllOf(StartsWith("faultline: "), HasSubstr(expected)));
        EXPECT_EQ(std::count(result.err.begin(), result.err.end(), '\n'), 1) << result.err;
        EXPECT_THAT(result.out, IsEmpty());
    }
    EXPECT_FALSE(fs::exists("faultline-runs"));
}

TEST_F(Command, ANamedDeviceIsNeverReplaced) {
    environment["FAKE_REAL"] = "deaf";
    ChildResult result = run({"--device", "xe"});
    EXPECT_EQ(result.code, 2);
    EXPECT_THAT(result.err, HasSubstr("Fake Xe with sharedSystemAllocCapabilities 0; run `faultline doctor`"));
    EXPECT_FALSE(fs::exists(output()));
    // auto takes the reference then, and says so.
    result = run();
    EXPECT_EQ(result.code, 0);
    EXPECT_EQ(manifest()["device"]["kind"], "reference");
}

TEST_F(Command, AutoPrefersAnXeThatCanFaultAndPolicyIsNotForIt) {
    environment["FAKE_REAL"] = "able";
    environment["FAKE_ENVIRONMENT"] = (root() / "environment").string();
    ChildResult result = run({"--policy", "xe-7.0"});
    EXPECT_EQ(result.code, 2);
    EXPECT_THAT(result.err, HasSubstr("--policy and --model are the reference's"));
    result = run();
    EXPECT_EQ(result.code, 0) << result.err;
    EXPECT_EQ(manifest()["device"]["kind"], "xe");
    EXPECT_THAT(result.out, Not(HasSubstr("modelled")));
    const auto seen = results::read_file(root() / "environment");
    ASSERT_TRUE(seen.ok());
    EXPECT_THAT(*seen, AllOf(HasSubstr("\nFAULTLINE_DEVICE=xe\n"), Not(HasSubstr("libze_faultline.so"))));
}

TEST_F(Command, ADriverThatCrashesIsAnAnswerAndNotACrash) {
    environment["FAKE_REAL"] = "crash";
    const ChildResult xe = run({"--device", "xe"});
    EXPECT_EQ(xe.code, 2);
    EXPECT_THAT(xe.err, HasSubstr("found: listing devices: killed by signal 6 (Aborted)"));
    const ChildResult devices = faultline({"devices"});
    EXPECT_EQ(devices.code, 0);
    EXPECT_THAT(devices.out, AllOf(HasSubstr("reference:0  Fake reference"), HasSubstr("killed by signal 6")));
}

TEST_F(Command, DevicesSaysWhoCanFault) {
    environment["FAKE_REAL"] = "deaf";
    const ChildResult result = faultline({"devices"});
    EXPECT_EQ(result.code, 0);
    EXPECT_THAT(result.out,
                AllOf(HasSubstr("xe:0  Fake Xe"), HasSubstr("faults on malloc memory: no"),
                      HasSubstr("reference:0  Fake reference"),
                      HasSubstr("faults on malloc memory: yes (read/write, atomic, concurrent, concurrent atomic)")));
    const ChildResult json = faultline({"devices", "--json"});
    const Json devices = Json::parse(json.out)["devices"];
    ASSERT_EQ(devices.size(), 2u);
    EXPECT_EQ(devices[0]["can_fault_on_malloc"], false);
    EXPECT_EQ(devices[1]["can_fault_on_malloc"], true);
}

TEST_F(Command, DoctorEndsWellWhenSomethingCanRun) {
    const ChildResult result = faultline({"doctor", "--json"});
    EXPECT_EQ(result.code, 0);
    EXPECT_EQ(Json::parse(result.out)["can_run"], true);
    fs::remove(root() / "lib/libze_faultline.so");
    const ChildResult without = faultline({"doctor"});
    EXPECT_EQ(without.code, 1);
    EXPECT_THAT(without.out, AllOf(HasSubstr("no reference driver at "), HasSubstr("Nothing here can run the suite.")));
}

TEST_F(Command, ListNamesSuitesFamiliesAndTheirQuestions) {
    const ChildResult result = faultline({"list"});
    EXPECT_EQ(result.code, 0) << result.err;
    EXPECT_THAT(result.out, AllOf(HasSubstr("  quick "), HasSubstr("\nfault/parallelism: How does the fault rate grow"),
                                  HasSubstr("\n  " + kParallel4 + "\n"), HasSubstr("\nworkload/bfs: ")));
    const ChildResult workloads = faultline({"list", "--suite", "workloads"});
    EXPECT_THAT(workloads.out, AllOf(HasSubstr("workload/bfs/karate/svm"), Not(HasSubstr("fault/parallelism/"))));
}

TEST_F(Command, HelpAndVersion) {
    EXPECT_EQ(faultline({"--version"}).out, "faultline " + std::string(version()) + "\n");
    EXPECT_THAT(faultline({"help"}).out, HasSubstr("doctor"));
    EXPECT_EQ(faultline({"run", "--help"}).code, 0);
}

// Google Benchmark's own tool loads what a run stores, failures included. Its comparison needs SciPy, which a machine
// may lack; its loading does not.
TEST_F(Command, GoogleBenchmarksToolLoadsTheReport) {
    const fs::path tool = "/usr/share/benchmark";
    if (!fs::exists(tool / "compare.py")) GTEST_SKIP() << "libbenchmark-tools is not installed";
    environment["FAKE_BEHAVIOUR"] = kParallel2 + "=crash";
    ASSERT_EQ(run().code, 1);
    const std::string file = (output() / "run.json").string();
    const std::string load =
        "import sys; sys.path.insert(0, sys.argv[1]); from gbench import util\n"
        "assert util.classify_input_file(sys.argv[2]) == (util.IT_JSON, None)\n"
        "r = util.sort_benchmark_results(util.load_benchmark_results(sys.argv[2]))\n"
        "print(len(r['benchmarks']))\n";
    const auto loaded = run_child({.argv = {"/usr/bin/python3", "-c", load, tool.string(), file}});
    ASSERT_TRUE(loaded.ok());
    EXPECT_EQ(loaded->out, "7\n") << loaded->err;
    const auto scipy = run_child({.argv = {"/usr/bin/python3", "-c", "import numpy, scipy.stats"}});
    if (!scipy.ok() || !scipy->ok()) return;
    const auto compared = run_child(
        {.argv = {"/usr/bin/python3", (tool / "compare.py").string(), "--no-color", "benchmarks", file, file}});
    ASSERT_TRUE(compared.ok());
    EXPECT_TRUE(compared->ok()) << compared->err;
    EXPECT_THAT(compared->out, HasSubstr(kParallel1));
}

}  // namespace
}  // namespace faultline::runners
