// What a writer leaves that is killed, or whose disk is full: whole benchmarks, all that were acknowledged, and a file
// that goes on working.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <csignal>
#include <fstream>
#include <random>

#include "results/store/sample_reader.h"
#include "tests/results/store/stored_run.h"
#include "tests/temporary_directory.h"

namespace faultline::results {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t kBenchmarks = 12;

/// Stores run after run until it is killed, and says so after each benchmark that is stored.
[[noreturn]] void write_for_ever(const fs::path& path, std::uint64_t first_run, int acknowledge) {
    auto store = Store::open(path, Database::Mode::kCreate);
    if (!store) ::_exit(3);
    for (std::uint64_t number = first_run;; ++number) {
        const auto run = store->begin_run(new_run(number, "nightly"));
        if (!run) ::_exit(4);
        const auto process = store->begin_process(*run, "boot", {});
        if (!process) ::_exit(5);
        for (std::uint64_t b = 0; b < kBenchmarks; ++b) {
            if (!store->add_result(*run, *process, result_of(number, b))) ::_exit(6);
            const std::array<std::uint64_t, 2> stored = {number, b + 1};
            if (::write(acknowledge, stored.data(), sizeof stored) != sizeof stored) ::_exit(7);
        }
        if (!store->end_run(*run, RunState::kComplete, 1, "")) ::_exit(8);
    }
}

/// Run number -> benchmarks of it that were acknowledged.
using Acknowledged = std::map<std::uint64_t, std::uint64_t>;

void drain(int fd, Acknowledged& acknowledged) {
    for (std::array<std::uint64_t, 2> stored{}; ::read(fd, stored.data(), sizeof stored) == sizeof stored;) {
        acknowledged[stored[0]] = stored[1];
    }
}

/// Every run is as far as it was acknowledged, or one benchmark farther; complete ones are complete.
void check(const fs::path& path, const Acknowledged& acknowledged) {
    const auto database = Database::open(path, Database::Mode::kExisting);
    ASSERT_TRUE(database.ok()) << database.error().message;
    auto integrity = (*database)->prepare("PRAGMA integrity_check");
    ASSERT_TRUE(integrity->step().ok());
    ASSERT_EQ(integrity->text(0), "ok");
    ASSERT_EQ(*(*database)->integer("SELECT count(*) FROM pragma_foreign_key_check"), 0);

    const auto store = Store::open(path, Database::Mode::kExisting);
    ASSERT_TRUE(store.ok());
    const auto runs = store->find(all_runs());
    ASSERT_TRUE(runs.ok());
    for (const auto& [number, benchmarks] : acknowledged) {
        const auto run = store->find_uid(new_run(number).uid);
        ASSERT_TRUE(run.ok());
        ASSERT_TRUE(run->has_value()) << "run " << number << " was acknowledged and is gone";
        ASSERT_GE((*run)->benchmarks, static_cast<std::int64_t>(benchmarks)) << "run " << number;
    }
    for (const RunInfo& run : *runs) {
        const std::uint64_t number = std::stoull(run.uid, nullptr, 16) * 0xf1de83e19937733d;  // inverse of new_run()'s
        std::uint64_t next = 0;
        const Status read = store->visit(run, {.benchmark = {}, .latencies = true}, [&](StoredResult&& stored) {
            expect_same(stored.result, result_of(number, next++));
        });
        ASSERT_TRUE(read.ok()) << read.error().message;
        ASSERT_EQ(next, static_cast<std::uint64_t>(run.benchmarks));
        const auto known = acknowledged.find(number);
        ASSERT_LE(next, (known == acknowledged.end() ? 0 : known->second) + 1);
        if (run.state == RunState::kComplete) {
            ASSERT_EQ(next, kBenchmarks);
        }
    }
}

TEST(StoreKilled, TwoHundredKillsLeaveNoHalfBenchmark) {
    const TemporaryDirectory directory;
    const std::uint64_t seed = std::random_device()();
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937_64 random(seed);
    Acknowledged acknowledged;
    std::uint64_t next_run = 1;
    int in_the_middle = 0;
    for (int round = 0; round < 200 && !testing::Test::HasFailure(); ++round) {
        // A new file now and then, so that its making is killed too.
        const fs::path path = directory.path() / fmt::format("{}.db", round / 20);
        if (round % 20 == 0) acknowledged.clear();
        std::array<int, 2> pipe{};
        ASSERT_EQ(::pipe2(pipe.data(), O_CLOEXEC), 0);
        ASSERT_GT(::fcntl(pipe[1], F_SETPIPE_SZ, 1 << 20), 0);
        const pid_t child = ::fork();
        ASSERT_GE(child, 0);
        if (child == 0) write_for_ever(path, next_run, pipe[1]);
        ::close(pipe[1]);
        // Killed somewhere from its first instruction on: sometimes by the clock, sometimes after so many benchmarks.
        const Acknowledged before = acknowledged;
        if (round % 2 == 0) {
            std::array<std::uint64_t, 2> stored{};
            for (std::uint64_t n = random() % 30; n > 0; --n) {
                ASSERT_EQ(::read(pipe[0], stored.data(), sizeof stored), static_cast<ssize_t>(sizeof stored));
                acknowledged[stored[0]] = stored[1];
            }
        }
        const timespec pause{.tv_sec = 0, .tv_nsec = static_cast<long>(random() % 30'000'000)};
        ::nanosleep(&pause, nullptr);
        ASSERT_EQ(::kill(child, SIGKILL), 0);
        int status = 0;
        ASSERT_EQ(::waitpid(child, &status, 0), child);
        ASSERT_TRUE(WIFSIGNALED(status)) << "the writer failed by itself: " << WEXITSTATUS(status);
        drain(pipe[0], acknowledged);
        ::close(pipe[0]);
        if (!acknowledged.empty()) {
            next_run = std::max(next_run, acknowledged.rbegin()->first);
            if (acknowledged != before && acknowledged.rbegin()->second < kBenchmarks) ++in_the_middle;
        }
        // The next run may have been begun without a benchmark.
        next_run += 2;
        if (fs::exists(path)) check(path, acknowledged);
    }
    // Else the test proves nothing.
    EXPECT_GT(in_the_middle, 50);
}

TEST(StoreKilled, WritersThatStartTogetherMakeOneStore) {
    for (int round = 0; round < 20; ++round) {
        const TemporaryDirectory directory;
        const fs::path path = directory.path() / "faultline.db";
        std::array<pid_t, 6> children{};
        for (std::size_t i = 0; i < children.size(); ++i) {
            children[i] = ::fork();
            ASSERT_GE(children[i], 0);
            if (children[i] != 0) continue;
            auto store = Store::open(path, Database::Mode::kCreate);
            const Status status = store ? store_run(*store, i + 1, 3) : Status(store.error());
            if (!status) fmt::print(stderr, "{}\n", status.error().message);
            ::_exit(status ? 0 : 1);
        }
        for (const pid_t child : children) {
            int status = 0;
            ASSERT_EQ(::waitpid(child, &status, 0), child);
            EXPECT_EQ(status, 0);
        }
        const auto store = Store::open(path, Database::Mode::kExisting);
        ASSERT_TRUE(store.ok());
        EXPECT_EQ(store->find(all_runs())->size(), children.size());
    }
}

/// A small file system of the test's own, where the machine lets it have one.
bool mount_small(const fs::path& at) {
    const uid_t user = ::getuid();
    if (::unshare(CLONE_NEWNS) != 0) {
        if (::unshare(CLONE_NEWUSER | CLONE_NEWNS) != 0) return false;
        std::ofstream("/proc/self/uid_map") << "0 " << user << " 1";
    }
    if (::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) return false;
    return ::mount("faultline-test", at.c_str(), "tmpfs", 0, "size=640k") == 0;
}

/// Exit status of the child: 0 as it should be, 99 not possible here, else the number of the step that went wrong.
int fill_the_disk(const fs::path& at) {
    if (!mount_small(at)) return 99;
    const fs::path path = at / "faultline.db";
    Acknowledged acknowledged;
    std::string message;
    {
        auto store = Store::open(path, Database::Mode::kCreate);
        if (!store) return 1;
        for (std::uint64_t number = 1; message.empty(); ++number) {
            const auto run = store->begin_run(new_run(number, "nightly"));
            const auto process = run ? store->begin_process(*run, "boot", {}) : Expected<ProcessId>(run.error());
            Status status = process ? Status() : Status(process.error());
            for (std::uint64_t b = 0; b < kBenchmarks && status; ++b) {
                status = store->add_result(*run, *process, result_of(number, b));
                if (status) acknowledged[number] = b + 1;
            }
            if (status) status = store->end_run(*run, RunState::kComplete, 1, "");
            if (!status) {
                if (status.error().kind != ErrorKind::kUnavailable) return 2;
                message = status.error().message;
            }
        }
    }
    if (message.find("the disk is full; free space") == std::string::npos) return 3;
    if (acknowledged.empty()) return 4;
    // Nothing is lost, with the disk still full and after there is space again.
    for (const char* size : {"size=640k", "size=8m"}) {
        if (::mount("faultline-test", at.c_str(), "tmpfs", MS_REMOUNT, size) != 0) return 5;
        check(path, acknowledged);
        if (testing::Test::HasFailure()) return 6;
    }
    auto store = Store::open(path, Database::Mode::kExisting);
    return store && store_run(*store, 1000, 3).ok() ? 0 : 7;
}

TEST(StoreKilled, AFullDiskIsOneLineAndLosesNothing) {
    const TemporaryDirectory directory;
    const pid_t child = ::fork();  // the mount is the child's alone
    ASSERT_GE(child, 0);
    if (child == 0) ::_exit(fill_the_disk(directory.path()));
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    ASSERT_TRUE(WIFEXITED(status));
    if (WEXITSTATUS(status) == 99) GTEST_SKIP() << "this machine lets nobody mount a tmpfs of their own";
    EXPECT_EQ(WEXITSTATUS(status), 0) << "the step that went wrong";
}

}  // namespace
}  // namespace faultline::results
