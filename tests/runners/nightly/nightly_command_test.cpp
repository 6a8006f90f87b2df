// `faultline nightly`: what each night comes to, and what becomes of one that is cut short.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <sys/file.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <fstream>
#include <thread>

#include "results/run_directory.h"
#include "results/store/store.h"
#include "tests/runners/command_fixture.h"

namespace faultline::runners {
namespace {

using results::NightState;
using results::RunInfo;
using results::Store;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;
using testing::StartsWith;

class Nightly : public Command {
protected:
    ChildResult nightly(std::vector<std::string> more = {}) const {
        std::vector<std::string> arguments = {"nightly", "--suite", "quick"};
        arguments.insert(arguments.end(), more.begin(), more.end());
        return faultline(arguments);
    }

    Json verdict() const {
        const auto text = results::read_file(root() / "runs/nightly/verdict.json");
        EXPECT_TRUE(text.ok());
        return text.ok() ? Json::parse(*text) : Json::object();
    }

    Store store() const {
        auto opened = Store::open(database(), results::Database::Mode::kExisting);
        EXPECT_TRUE(opened.ok()) << opened.error().message;
        return *std::move(opened);
    }

    std::vector<results::NightInfo> nights() const { return *store().nights(); }

    void execute(const std::string& sql) const {
        const auto opened = results::Database::open(database(), results::Database::Mode::kExisting);
        ASSERT_TRUE(opened.ok());
        ASSERT_TRUE((*opened)->execute(sql.c_str()).ok());
    }

    /// One line that says what to do, and nothing measured.
    static void expect_refused(const ChildResult& result, const std::string& why) {
        EXPECT_EQ(result.code, 2) << result.err;
        EXPECT_THAT(result.err, AllOf(StartsWith("faultline: "), HasSubstr(why)));
        EXPECT_EQ(std::count(result.err.begin(), result.err.end(), '\n'), 1) << result.err;
        EXPECT_THAT(result.out, IsEmpty());
    }

    /// Starts a night, and sends it `signal` when its run hangs in a benchmark. Returns what it started, and how the
    /// night ended.
    std::pair<pid_t, ChildResult> end_in_a_run(int signal) {
        const std::string fifo = (root() / "fifo").string();
        EXPECT_EQ(::mkfifo(fifo.c_str(), 0600), 0);
        environment["FAKE_FIFO"] = fifo;
        environment["FAKE_BEHAVIOUR"] = kParallel2 + "=hang";
        const ChildCommand started = command({"nightly", "--suite", "quick"});
        Expected<ChildResult> result = Error{};
        std::thread runner([&] { result = run_child(started); });
        std::string text;
        std::ifstream(fifo) >> text;  // opens when the stand-in hangs
        std::ifstream status("/proc/" + text + "/stat");
        std::string field;
        status >> field >> field >> field >> night_process_;
        EXPECT_EQ(::kill(night_process_, signal), 0);
        runner.join();
        environment.erase("FAKE_BEHAVIOUR");
        EXPECT_TRUE(result.ok());
        return {std::stoi(text), *result};
    }

    pid_t night_process_ = 0;
};

TEST_F(Nightly, TheFirstHasNothingToCompareWith) {
    const ChildResult night = nightly();
    EXPECT_EQ(night.code, 2) << night.err;
    EXPECT_THAT(night.out, AllOf(HasSubstr("night 1: cannot tell\n"), HasSubstr("against earlier nights: there is")));
    const Json json = verdict();
    EXPECT_EQ(json["outcome"], "cannot tell");
    EXPECT_EQ(json["exit_status"], 2);
    EXPECT_THAT(json["runs"], SizeIs(5));
    EXPECT_THAT(json["failures"], IsEmpty());
    EXPECT_TRUE(fs::exists(json["report"].get<std::string>())) << json["report"];
    EXPECT_TRUE(fs::exists(root() / "runs/nightly/index.html"));
    const Json runs = Json::parse(faultline({"runs", "--json", "night:1"}).out);
    ASSERT_THAT(runs["runs"], SizeIs(5));
    EXPECT_EQ(runs["runs"][0]["label"], "nightly");
    EXPECT_EQ(nights()[0].verdict, json);
    EXPECT_EQ(nights()[0].state, NightState::kComplete);
}

TEST_F(Nightly, OneStepAlarmsOnceAndABaselineEachNight) {
    // So many that five runs can differ from them among all that is compared.
    ASSERT_EQ(nightly({"--runs", "10"}).code, 2);
    const ChildResult same = nightly({"--baseline", "night:1"});
    EXPECT_EQ(same.code, 0) << same.out << same.err;
    EXPECT_THAT(same.out, HasSubstr("night 2: nothing worse\n"));
    environment["FAKE_BEHAVIOUR"] = kParallel2 + "=slow";
    const ChildResult slow = nightly();
    EXPECT_EQ(slow.code, 1) << slow.out;
    EXPECT_THAT(slow.out, AllOf(HasSubstr("night 3: worse\n"), HasSubstr("1 step new for the worse"),
                                HasSubstr(kParallel2 + " real_time: +50.0 % since night 3 (worse)")));
    ASSERT_THAT(verdict()["steps"], SizeIs(1));
    EXPECT_EQ(verdict()["steps"][0]["first_night"], 3);
    EXPECT_EQ(verdict()["recent"]["worse"], 1);
    const ChildResult again = nightly();
    EXPECT_EQ(again.code, 0) << again.out;
    EXPECT_THAT(verdict()["steps"], IsEmpty());
    const ChildResult against = nightly({"--baseline", "night:1"});
    EXPECT_EQ(against.code, 1) << against.out;
    EXPECT_THAT(against.out, AllOf(HasSubstr("1 worse than night:1"), Not(HasSubstr("steps:"))));
    EXPECT_EQ(verdict()["baseline"]["changed"][0]["benchmark"], kParallel2);
    EXPECT_EQ(store().steps()->size(), 1u);
}

TEST_F(Nightly, AFailureIsNeverAPassAndKeepsTheKernelsLog) {
    ASSERT_EQ(nightly().code, 2);
    environment["FAKE_BEHAVIOUR"] = kParallel2 + "=crash";
    const ChildResult night = nightly();
    EXPECT_EQ(night.code, 2) << night.out;
    EXPECT_THAT(night.out, HasSubstr("fault/parallelism: crashed in 5 runs: killed by signal 11"));
    EXPECT_THAT(verdict()["failures"], SizeIs(1));
    const auto runs = store().runs_of(nights()[0].id);
    ASSERT_THAT(*runs, SizeIs(5));
    const auto log = results::read_file(runs->front().directory / "logs/dmesg.txt");
    ASSERT_TRUE(log.ok()) << log.error().message;
    EXPECT_THAT(*log, Not(IsEmpty()));
}

TEST_F(Nightly, AKilledNightIsGoneOnWith) {
    const auto [orphan, killed] = end_in_a_run(SIGKILL);
    // The program that it started still has the device.
    EXPECT_THAT(faultline({"nightly", "--resume"}).err,
                HasSubstr("Fake reference is in use by process " + std::to_string(night_process_) + ", or a program"));
    EXPECT_EQ(::kill(-orphan, SIGKILL), 0);
    const int lock = ::open((root() / "faultline-reference.lock").c_str(), O_RDWR | O_CLOEXEC);
    EXPECT_EQ(::flock(lock, LOCK_EX), 0);  // waits for its end
    ::close(lock);

    ASSERT_THAT(nights(), SizeIs(1));
    EXPECT_EQ(nights()[0].state, NightState::kRunning);
    const ChildResult resumed = faultline({"nightly", "--resume"});
    EXPECT_EQ(resumed.code, 2) << resumed.err;  // the first has nothing to compare with
    EXPECT_THAT(resumed.out, HasSubstr("night 1: cannot tell"));
    ASSERT_THAT(nights(), SizeIs(1));
    EXPECT_EQ(nights()[0].state, NightState::kComplete);
    EXPECT_EQ(nights()[0].resumes, 1);
    const auto runs = store().runs_of(nights()[0].id);
    ASSERT_THAT(*runs, SizeIs(5));
    for (const RunInfo& run : *runs) {
        EXPECT_EQ(run.state, results::RunState::kComplete);
        EXPECT_EQ(run.benchmarks, 7);
        EXPECT_EQ(run.label, "nightly");
    }
    EXPECT_THAT(verdict()["failures"], IsEmpty());
    const ChildResult nothing = faultline({"nightly", "--resume"});
    EXPECT_EQ(nothing.code, 0);
    EXPECT_EQ(nothing.out, "no night was cut short\n");
}

TEST_F(Nightly, AnInterruptedNightSaysBySignalAndIsGoneOnWith) {
    EXPECT_EQ(end_in_a_run(SIGTERM).second.code, 128 + SIGTERM);
    EXPECT_EQ(nights()[0].state, NightState::kRunning);
    const ChildResult resumed = faultline({"nightly", "--resume"});
    EXPECT_THAT(resumed.out, HasSubstr("night 1: cannot tell\n  not compared with earlier nights")) << resumed.err;
    EXPECT_THAT(*store().runs_of(nights()[0].id), SizeIs(5));
    EXPECT_THAT(verdict()["failures"], IsEmpty());
}

// As after a power cut between the last run and the verdict, whatever of the rest was done.
TEST_F(Nightly, ANightCutShortBeforeItsVerdictIsJudged) {
    ASSERT_EQ(nightly().code, 2);
    ASSERT_EQ(nightly().code, 0);
    const Json before = verdict();
    fs::remove(root() / "runs/nightly/verdict.json");
    execute("UPDATE night SET state = 'running', verdict = 'null' WHERE id = 2");
    EXPECT_EQ(faultline({"nightly", "--resume"}).code, 0);
    EXPECT_EQ(verdict(), before);
}

TEST_F(Nightly, ANightThatEndsAgainAndAgainIsGivenUp) {
    ASSERT_EQ(nightly().code, 2);
    execute("UPDATE night SET state = 'running', resumes = 3");
    expect_refused(faultline({"nightly", "--resume"}), "night 1 was cut short 4 times and is given up");
    EXPECT_EQ(nights()[0].state, NightState::kAbandoned);
    EXPECT_THAT(verdict()["reasons"], ElementsAre(HasSubstr("given up")));
    EXPECT_EQ(faultline({"nightly", "--resume"}).out, "no night was cut short\n");
}

TEST_F(Nightly, AStoreThatRefusesEndsTheNightWithAVerdict) {
    ASSERT_TRUE(Store::open(database(), results::Database::Mode::kCreate).ok());
    execute(
        "CREATE TRIGGER refuse BEFORE INSERT ON process WHEN new.family = 'workload/bfs'"
        " BEGIN SELECT RAISE(ABORT, 'no room'); END");
    const ChildResult failed = nightly();
    EXPECT_EQ(failed.code, 2);
    EXPECT_THAT(failed.err, AllOf(HasSubstr("no room"), HasSubstr("`faultline nightly --resume` goes on")));
    EXPECT_EQ(verdict()["exit_status"], 2);
    EXPECT_THAT(verdict()["reasons"], ElementsAre(HasSubstr("no room")));
    execute("DROP TRIGGER refuse");
    EXPECT_EQ(faultline({"nightly", "--resume"}).code, 2);
    EXPECT_THAT(*store().runs_of(nights()[0].id), SizeIs(5));
    EXPECT_EQ(nights()[0].state, NightState::kComplete);
}

TEST_F(Nightly, TheDeviceIsNotShared) {
    const auto file = directory().write("faultline-reference.lock", "4242\n");
    const int lock = ::open(file.c_str(), O_RDWR | O_CLOEXEC);
    ASSERT_EQ(::flock(lock, LOCK_EX | LOCK_NB), 0);
    expect_refused(nightly(), "faultline-reference.lock: Fake reference is in use by process 4242");
    expect_refused(run(), "is in use by process 4242");
    EXPECT_FALSE(fs::exists(database()));
    ::close(lock);
    EXPECT_EQ(run().code, 0);
}

TEST_F(Nightly, BadInputIsOneLineAndMeasuresNothing) {
    expect_refused(nightly({"--baseline", "label:nobody"}), "no such database");
    expect_refused(faultline({"nightly", "--suite", "none"}), "unknown suite \"none\"");
    expect_refused(nightly({"--runs", "0"}), "--runs");
    expect_refused(nightly({"--nights", "0"}), "--nights");
    expect_refused(nightly({"--resume"}), "excludes");
    EXPECT_FALSE(fs::exists(database()));
    ASSERT_TRUE(Store::open(database(), results::Database::Mode::kCreate).ok());
    expect_refused(nightly({"--baseline", "label:nobody"}), "no stored run matches");
    expect_refused(nightly({"--baseline", "color:red"}), "unknown key");
    EXPECT_THAT(nights(), IsEmpty());
    execute("PRAGMA user_version = 99");
    expect_refused(nightly(), "use a newer faultline");
    expect_refused(faultline({"nightly", "--resume"}), "use a newer faultline");
    std::ofstream(database(), std::ios::binary) << std::string(20000, 'x');
    fs::remove(database().string() + "-wal");
    fs::remove(database().string() + "-shm");
    expect_refused(nightly(), "not an SQLite database");
}

/// A small file system of the test's own, where the machine lets it have one.
bool mount_small(const fs::path& at) {
    if (::unshare(CLONE_NEWNS) != 0) return false;
    if (::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) return false;
    return ::mount("faultline-test", at.c_str(), "tmpfs", 0, "size=16m") == 0;
}

TEST_F(Nightly, ADiskThatIsNearlyFullIsFoundOutBefore) {
    fs::create_directory(root() / "runs");
    const pid_t child = ::fork();  // the mount is the child's alone
    ASSERT_GE(child, 0);
    if (child == 0) {
        if (!mount_small(root() / "runs")) ::_exit(99);
        expect_refused(nightly(), "MiB free, and a night needs 256");
        if (!nights().empty()) ::_exit(2);
        ::_exit(HasFailure() ? 1 : 0);
    }
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    ASSERT_TRUE(WIFEXITED(status));
    if (WEXITSTATUS(status) == 99) GTEST_SKIP() << "this machine lets nobody mount a tmpfs of their own";
    EXPECT_EQ(WEXITSTATUS(status), 0);
}

}  // namespace
}  // namespace faultline::runners
