// A run that was killed, interrupted or refused, and what --resume makes of it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <chrono>
#include <csignal>
#include <fstream>
#include <thread>

#include "results/run_directory.h"
#include "results/store/export.h"
#include "results/store/sample_reader.h"
#include "tests/runners/store_fixture.h"

namespace faultline::runners {
namespace {

using results::RunState;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;
using testing::SizeIs;
using testing::StartsWith;

constexpr std::chrono::minutes kHang{2};  // nothing that goes on takes so long, on any machine

class ResumeCommand : public StoreCommand {
protected:
    /// Starts a run, waits until it hangs in `benchmark`, and sends `signal` to the command.
    ChildResult run_until(const std::string& benchmark, int signal) {
        const std::string fifo = (root() / "fifo").string();
        EXPECT_EQ(::mkfifo(fifo.c_str(), 0600), 0);
        environment["FAKE_FIFO"] = fifo;
        environment["FAKE_BEHAVIOUR"] = benchmark + "=hang";
        const ChildCommand started =
            command({"run", "--output", output().string(), "--repetitions", "2", "--label", "l"});
        Expected<ChildResult> result = Error{};
        std::thread runner([&] { result = run_child(started); });
        std::string text;
        std::ifstream(fifo) >> text;  // opens when the stand-in hangs
        const pid_t hanging = std::stoi(text);
        std::ifstream status("/proc/" + text + "/stat");
        std::string field;
        pid_t parent = 0;
        status >> field >> field >> field >> parent;
        EXPECT_GT(parent, 1);
        if (signal == SIGKILL) {
            // It stores what it hears a few times a second; a kill before that would test less.
            const auto limit = std::chrono::steady_clock::now() + kHang;
            while ((runs().empty() || runs()[0].benchmarks < 3) && std::chrono::steady_clock::now() < limit) {
                std::this_thread::yield();
            }
        }
        EXPECT_EQ(::kill(parent, signal), 0);
        runner.join();
        hanging_ = hanging;
        environment.erase("FAKE_BEHAVIOUR");
        EXPECT_TRUE(result.ok());
        return *result;
    }

    /// Ends the program that nobody was left to end.
    void end_orphan() {
        EXPECT_EQ(::kill(-hanging_, SIGKILL), 0);
        const auto limit = std::chrono::steady_clock::now() + kHang;
        while (results::RunDirectory::is_being_built(runs()[0].work_directory) &&
               std::chrono::steady_clock::now() < limit) {
            std::this_thread::yield();
        }
    }

private:
    pid_t hanging_ = 0;
};

TEST_F(ResumeCommand, AKilledRunKeepsWhatItFinishedAndIsResumed) {
    const ChildResult killed = run_until(kParallel2, SIGKILL);
    EXPECT_EQ(killed.end, ChildEnd::kSignalled);
    EXPECT_FALSE(fs::exists(output()));
    auto stored = runs();
    ASSERT_THAT(stored, SizeIs(1));
    EXPECT_EQ(stored[0].state, RunState::kRunning);
    EXPECT_EQ(stored[0].benchmarks, 3);  // the first family, and of the second what was whole
    const std::string uid = stored[0].uid;
    // The program that it started still runs, and has the device.
    EXPECT_THAT(faultline({"run", "--resume", uid}).err, HasSubstr("is still running"));
    end_orphan();
    EXPECT_THAT(faultline({"runs"}).out, AllOf(HasSubstr(uid.substr(0, 8)), HasSubstr(" killed ")));

    environment["FAKE_ENVIRONMENT"] = (root() / "environment").string();
    const ChildResult resumed = faultline({"run", "--resume", uid.substr(0, 6)});
    EXPECT_EQ(resumed.code, 0) << resumed.err;
    EXPECT_THAT(resumed.out,
                AllOf(StartsWith("suite quick: 7 benchmarks, 0 failed"), HasSubstr("\nrun " + uid + "\n")));
    stored = runs();
    ASSERT_THAT(stored, SizeIs(1));
    EXPECT_EQ(stored[0].state, RunState::kComplete);
    EXPECT_EQ(stored[0].benchmarks, 7);
    EXPECT_EQ(stored[0].label, "l");
    EXPECT_THAT(names(report()), SizeIs(7));
    // Two repetitions as the run was asked for, none of them twice.
    for (const auto& result : results_of(report())) EXPECT_EQ(result.repetitions(), 2u) << result.name;
    EXPECT_THAT(manifest()["latency_files"], SizeIs(7));
    EXPECT_THAT(*latencies_of(store(), stored), SizeIs(7));
    EXPECT_EQ(manifest()["interrupted"], false);
    EXPECT_EQ(report_of(store(), stored[0])->context, report().context);
    for (const auto& entry : fs::directory_iterator(root())) {
        EXPECT_THAT(entry.path().string(), Not(HasSubstr(".partial-")));
    }
    const ChildResult again = faultline({"run", "--resume", uid});
    EXPECT_EQ(again.code, 2);
    EXPECT_THAT(again.err, HasSubstr("it is complete"));
}

// A store that refuses in the middle of a run, as a full disk does: everything before it is kept, files included.
TEST_F(ResumeCommand, ARunWhoseStoreFailsIsResumed) {
    ASSERT_TRUE(Store::open(database(), results::Database::Mode::kCreate).ok());
    const auto other = results::Database::open(database(), results::Database::Mode::kExisting);
    ASSERT_TRUE((*other)
                    ->execute("CREATE TRIGGER refuse BEFORE INSERT ON process WHEN new.family = 'workload/bfs'"
                              " BEGIN SELECT RAISE(ABORT, 'no room'); END")
                    .ok());
    const ChildResult failed = run();
    EXPECT_EQ(failed.code, 2);
    const std::string uid = runs()[0].uid;
    EXPECT_THAT(failed.err, AllOf(HasSubstr("no room"), HasSubstr("`faultline run --resume " + uid + "` goes on")));
    EXPECT_EQ(runs()[0].benchmarks, 6);
    ASSERT_TRUE((*other)->execute("DROP TRIGGER refuse").ok());
    const ChildResult resumed = faultline({"run", "--resume", uid});
    EXPECT_EQ(resumed.code, 0) << resumed.err;
    EXPECT_THAT(manifest()["latency_files"], SizeIs(7));
    EXPECT_THAT(names(report()), SizeIs(7));
}

// Killed after its directory was whole and before the store knew: nothing is left to measure, and resuming says so.
TEST_F(ResumeCommand, ARunThatOnlyLacksItsEndIsResumed) {
    ASSERT_TRUE(Store::open(database(), results::Database::Mode::kCreate).ok());
    const auto other = results::Database::open(database(), results::Database::Mode::kExisting);
    ASSERT_TRUE((*other)
                    ->execute("CREATE TRIGGER refuse BEFORE UPDATE ON run WHEN new.state = 'complete'"
                              " BEGIN SELECT RAISE(ABORT, 'no room'); END")
                    .ok());
    EXPECT_EQ(run().code, 2);
    EXPECT_THAT(faultline({"runs"}).out, HasSubstr(" killed "));
    ASSERT_TRUE((*other)->execute("DROP TRIGGER refuse").ok());
    const ChildResult resumed = faultline({"run", "--resume", output().string()});
    EXPECT_EQ(resumed.code, 0) << resumed.err;
    EXPECT_EQ(runs()[0].state, RunState::kComplete);
    EXPECT_EQ(results_of(report()).size(), 7u);
    EXPECT_THAT(manifest()["latency_files"], SizeIs(7));
}

TEST_F(ResumeCommand, AnInterruptedRunIsResumedByItsDirectory) {
    EXPECT_EQ(run_until(kParallel2, SIGINT).code, 130);
    ASSERT_THAT(runs(), SizeIs(1));
    EXPECT_EQ(runs()[0].state, RunState::kInterrupted);
    const ChildResult resumed = faultline({"run", "--resume", output().string()});
    EXPECT_EQ(resumed.code, 0) << resumed.err;
    EXPECT_EQ(runs()[0].state, RunState::kComplete);
    EXPECT_THAT(names(report()), SizeIs(7));
    EXPECT_THAT(manifest()["latency_files"], SizeIs(7));
}

TEST_F(ResumeCommand, ARunIsNotResumedOnSomethingElse) {
    environment["FAKE_REAL"] = "able";  // auto takes the Xe
    EXPECT_EQ(run_until(kParallel2, SIGINT).code, 130);
    environment.erase("FAKE_REAL");
    const ChildResult resumed = faultline({"run", "--resume", runs()[0].uid});
    EXPECT_EQ(resumed.code, 2);
    EXPECT_THAT(resumed.err, HasSubstr("device was \"Fake Xe\" and is \"Fake reference\" now; start a new run"));
    EXPECT_EQ(runs()[0].state, RunState::kInterrupted);
}

TEST_F(ResumeCommand, ARunOfAnotherFaultlineIsNotResumed) {
    EXPECT_EQ(run_until(kParallel2, SIGINT).code, 130);
    {
        auto store = results::Store::open(database(), results::Database::Mode::kExisting);
        ASSERT_TRUE(store.ok());
        auto context = store->context_of(runs()[0].id);
        ASSERT_TRUE(context.ok());
        (*context)["faultline"]["version"] = "0.0.1";
        ASSERT_TRUE(store->set_context(runs()[0].id, *context).ok());
    }
    const ChildResult resumed = faultline({"run", "--resume", runs()[0].uid});
    EXPECT_EQ(resumed.code, 2);
    EXPECT_THAT(resumed.err, HasSubstr("faultline 0.0.1 began it, and this is "));
    EXPECT_EQ(runs()[0].state, RunState::kInterrupted);
}

TEST_F(ResumeCommand, ARunUnderWayIsNotResumed) {
    const std::string fifo = (root() / "fifo").string();
    ASSERT_EQ(::mkfifo(fifo.c_str(), 0600), 0);
    environment["FAKE_FIFO"] = fifo;
    environment["FAKE_BEHAVIOUR"] = kParallel2 + "=hang";
    const ChildCommand started = command({"run", "--output", output().string()});
    Expected<ChildResult> result = Error{};
    std::thread runner([&] { result = run_child(started); });
    std::string text;
    std::ifstream(fifo) >> text;
    const ChildResult resumed = faultline({"run", "--resume", runs()[0].uid});
    EXPECT_EQ(resumed.code, 2);
    EXPECT_THAT(resumed.err, HasSubstr("is still running"));
    EXPECT_THAT(faultline({"runs"}).out, HasSubstr(" running "));
    EXPECT_EQ(::kill(std::stoi(text), SIGKILL), 0);
    runner.join();
    EXPECT_EQ(result->code, 1);
}

}  // namespace
}  // namespace faultline::runners
