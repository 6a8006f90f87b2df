#include "runners/system/subprocess.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <csignal>

namespace faultline::runners {
namespace {

using std::chrono::milliseconds;
using testing::HasSubstr;

/// The limits guard against a hang alone.
ChildCommand shell(const std::string& script, milliseconds limit = std::chrono::minutes(2),
                   milliseconds grace = std::chrono::minutes(2)) {
    return {.argv = {"/bin/sh", "-c", script}, .environment = {}, .time_limit = limit, .grace = grace};
}

ChildResult must_run(const ChildCommand& command) {
    const auto result = run_child(command);
    EXPECT_TRUE(result.ok());
    return result.ok() ? *result : ChildResult{};
}

TEST(Subprocess, KeepsOutputAndStatus) {
    const ChildCommand command = shell("echo out; echo err >&2; exit 3");
    const ChildResult result = must_run(command);
    EXPECT_EQ(result.end, ChildEnd::kExited);
    EXPECT_EQ(result.code, 3);
    EXPECT_EQ(result.out, "out\n");
    EXPECT_EQ(result.err, "err\n");
    EXPECT_EQ(describe_end(result, command), "exited with status 3");
}

TEST(Subprocess, TellsASignalFromAnExit) {
    const ChildCommand command = shell("kill -SEGV $$");
    const ChildResult result = must_run(command);
    EXPECT_EQ(result.end, ChildEnd::kSignalled);
    EXPECT_EQ(describe_end(result, command), "killed by signal 11 (Segmentation fault)");
}

/// A script that says "ready" and hangs: ended at a time limit that let it get so far, however busy the machine is.
ChildResult run_until_ready(const std::string& script, milliseconds grace) {
    for (milliseconds limit(200);; limit *= 4) {
        const ChildResult result = must_run(shell(script, limit, grace));
        EXPECT_EQ(result.end, ChildEnd::kTimedOut);
        if (result.out.starts_with("ready") || limit > std::chrono::minutes(1)) return result;
    }
}

TEST(Subprocess, EndsAHangPolitelyFirst) {
    const ChildResult result = run_until_ready("trap 'echo bye; exit 0' TERM; echo ready; while :; do sleep 0.01; done",
                                               std::chrono::minutes(2));
    EXPECT_EQ(result.out, "ready\nbye\n");
}

TEST(Subprocess, KillsWhatIgnoresThePoliteWay) {
    const ChildResult result =
        run_until_ready("trap '' TERM; echo ready; while :; do sleep 0.01; done", milliseconds(100));
    EXPECT_EQ(result.code, SIGKILL);
}

TEST(Subprocess, LeavesNoGrandchildren) {
    const ChildResult result = must_run(shell("sleep 1000 & echo $!"));
    EXPECT_EQ(result.end, ChildEnd::kExited);
    const pid_t grandchild = std::stoi(result.out);
    // It is killed, and then reaped by whoever adopted it; a zombie until then.
    for (;;) {
        if (::kill(grandchild, 0) != 0) break;
        char state = 0;
        if (FILE* file = std::fopen(("/proc/" + std::to_string(grandchild) + "/stat").c_str(), "r")) {
            const int fields = std::fscanf(file, "%*d %*s %c", &state);
            std::fclose(file);
            if (fields == 1 && state == 'Z') break;
        }
    }
}

TEST(Subprocess, SurvivesMuchOutputAndKeepsItsEnd) {
    const ChildResult result = must_run(shell("head -c 20000000 /dev/zero | tr '\\0' x; echo end"));
    EXPECT_EQ(result.code, 0);
    EXPECT_LE(result.out.size(), 4u << 20);
    EXPECT_TRUE(result.out.ends_with("xend\n"));
}

TEST(Subprocess, HandsOutputOverAsItComes) {
    std::string heard;
    const auto result =
        run_child(shell("echo one; sleep 0.3; echo two"), nullptr, [&](std::string_view fresh) { heard += fresh; });
    ASSERT_TRUE(result.ok());
    EXPECT_THAT(heard, HasSubstr("one\n"));
    EXPECT_EQ(result->out, "one\ntwo\n");
}

TEST(Subprocess, ReplacesAndAddsToTheEnvironment) {
    ASSERT_EQ(::setenv("FAULTLINE_TEST_A", "old", 1), 0);
    ChildCommand command = shell("echo $FAULTLINE_TEST_A $FAULTLINE_TEST_B");
    command.environment = {{"FAULTLINE_TEST_A", "new"}, {"FAULTLINE_TEST_B", "added"}};
    EXPECT_EQ(must_run(command).out, "new added\n");
    ::unsetenv("FAULTLINE_TEST_A");
}

TEST(Subprocess, AProgramThatIsNotThereIsNamed) {
    const auto result = run_child({.argv = {"/nonexistent/program"}});
    ASSERT_FALSE(result.ok());
    EXPECT_EQ(result.error().kind, ErrorKind::kUnavailable);
    EXPECT_EQ(result.error().message, "cannot start /nonexistent/program: No such file or directory");
}

TEST(Subprocess, AnInterruptEndsTheChildAndIsKeptForTheCaller) {
    const Interrupt interrupt;
    const auto result = run_child(shell("kill -INT $PPID; while :; do sleep 0.01; done"), &interrupt);
    ASSERT_TRUE(result.ok());
    EXPECT_EQ(result->end, ChildEnd::kInterrupted);
    EXPECT_EQ(interrupt.signal(), SIGINT);
}

}  // namespace
}  // namespace faultline::runners
