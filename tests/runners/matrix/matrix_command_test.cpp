// `faultline matrix --backend boot-entry` on a machine of files: everything but the reboot itself. Its `systemctl
// reboot` brings up what grub-reboot or bootctl chose, by writing what /proc tells of a kernel.
#include <gmock/gmock.h>
#include <sys/stat.h>

#include <algorithm>
#include <csignal>
#include <fstream>
#include <string>
#include <thread>

#include "tests/runners/command_fixture.h"

namespace faultline::runners {
namespace {

using testing::HasSubstr;
using testing::Not;

class Matrix : public Command {
protected:
    Matrix() {
        environment["FAULTLINE_BOOT_ROOT"] = machine().string();
        comes_up("5.0.0");
        command_of_machine("grub-reboot", "echo \"grub-reboot $1\" >>log; echo \"$1\" >next");
        command_of_machine("systemctl", R"sh(
            echo "systemctl $*" >>log
            [ "$1" = reboot ] || exit 0
            case $(cat next 2>/dev/null) in
                *6.1.0*) echo 6.1.0 >proc/sys/kernel/osrelease ;;
                *6.2.0*) echo 6.2.0 >proc/sys/kernel/osrelease ;;
            esac
            rm -f next
            echo "boot-$(wc -l <log)" >proc/sys/kernel/random/boot_id)sh");
        directory().write("machine/boot/grub/grub.cfg", R"cfg(
set default="${next_entry}"
submenu 'Advanced' $menuentry_id_option 'adv' {
	menuentry 'one' $menuentry_id_option 'gnulinux-6.1.0-advanced-aa' {
	}
	menuentry 'two' $menuentry_id_option 'gnulinux-6.2.0-advanced-aa' {
	}
}
)cfg");
    }

    fs::path machine() const { return root() / "machine"; }

    void comes_up(const std::string& release) const {
        directory().write("machine/proc/sys/kernel/osrelease", release + "\n");
        directory().write("machine/proc/sys/kernel/random/boot_id", "boot-of-" + release + "\n");
    }

    void command_of_machine(const std::string& name, const std::string& script) const {
        const fs::path path = directory().write("machine/bin/" + name,
                                                "#!/bin/sh\ncd \"$FAULTLINE_BOOT_ROOT\" || exit 9\n" + script + "\n");
        fs::permissions(path, fs::perms::owner_all);
    }

    ChildResult begin(const std::string& boots = "2") const {
        return faultline({"matrix", "--backend", "boot-entry", "--kernels", "6.1.0,6.2.0", "--output", output(),
                          "--filter", "parallelism.*:1", "--boots", boots});
    }
    /// Begins, and ends the command by `signal` while a benchmark hangs. The benchmark's process.
    std::string end_in_the_run(int signal) {
        const std::string fifo = (root() / "fifo").string();
        EXPECT_EQ(::mkfifo(fifo.c_str(), 0600), 0);
        environment["FAKE_FIFO"] = fifo;
        environment["FAKE_BEHAVIOUR"] = kParallel1 + "=hang";
        std::thread begun([this] { begin(); });
        std::string hanging;
        std::ifstream(fifo) >> hanging;  // opens when the stand-in hangs
        std::ifstream status("/proc/" + hanging + "/stat");
        std::string skipped;
        pid_t parent = 0;
        status >> skipped >> skipped >> skipped >> parent;
        EXPECT_GT(parent, 1);
        if (parent > 1) {
            EXPECT_EQ(::kill(parent, signal), 0);
        }
        begun.join();
        return hanging;
    }
    ChildResult resume() const { return faultline({"matrix", "--resume", output().string()}); }

    std::string log() const {
        const auto text = results::read_file(machine() / "log");
        return text.ok() ? *text : "";
    }
    std::size_t stored_runs() const {
        const ChildResult listed = faultline({"runs", "--json"});
        const Json runs = Json::parse(listed.out, nullptr, false);
        return runs.is_object() ? runs.at("runs").size() : 0;
    }
};

const std::string kBoot1 = "grub-reboot adv>gnulinux-6.1.0-advanced-aa\nsystemctl reboot\n";
const std::string kBoot2 = "grub-reboot adv>gnulinux-6.2.0-advanced-aa\nsystemctl reboot\n";
const std::string kCheck = "systemctl is-enabled faultline-matrix.service\n";

TEST_F(Matrix, KernelsTakeTurnsAndAreCompared) {
    const ChildResult begun = begin();
    EXPECT_EQ(begun.code, 0) << begun.err;
    EXPECT_THAT(begun.err, HasSubstr("rebooting"));
    EXPECT_EQ(log(), kCheck + kBoot1);
    for (int boot = 1; boot <= 3; ++boot) {
        const ChildResult resumed = resume();
        EXPECT_EQ(resumed.code, 0) << resumed.err;
        EXPECT_THAT(resumed.err, HasSubstr("rebooting"));
    }
    const ChildResult last = resume();
    EXPECT_EQ(log(), kCheck + kBoot1 + kCheck + kBoot2 + kCheck + kBoot1 + kCheck + kBoot2 + kCheck);
    EXPECT_EQ(last.code, 2) << last.err;  // two runs a side tell nothing
    EXPECT_THAT(last.out, HasSubstr("| benchmark"));
    EXPECT_THAT(last.out, HasSubstr("| 6.1.0"));
    EXPECT_THAT(last.out, HasSubstr("| 6.2.0"));
    EXPECT_THAT(last.out, HasSubstr("fault/parallelism/read/threads:1"));
    EXPECT_EQ(stored_runs(), 4u);
    EXPECT_TRUE(fs::exists(output() / "comparison.txt"));
    const ChildResult labelled = faultline({"runs", "label:out@6.2.0", "--json"});
    EXPECT_EQ(Json::parse(labelled.out).at("runs").size(), 2u) << labelled.err;
}

TEST_F(Matrix, EarlierRunsOfTheSameLabelAreNotCompared) {
    for (int i = 0; i < 3; ++i) {
        ASSERT_EQ(faultline({"run", "--label", "out@6.1.0", "--filter", "parallelism.*:1", "--output",
                             (root() / ("earlier-" + std::to_string(i))).string()})
                      .code,
                  0);
    }
    comes_up("6.1.0");
    EXPECT_EQ(begin("1").code, 0);
    EXPECT_THAT(resume().out, HasSubstr("1 process of 1 boot against 1 process of 1 boot"));
}

TEST_F(Matrix, KernelThatRunsAlreadyIsMeasuredFirst) {
    comes_up("6.1.0");
    EXPECT_EQ(begin().code, 0);
    EXPECT_EQ(log(), kCheck + kBoot2);
    EXPECT_EQ(stored_runs(), 1u);
}

TEST_F(Matrix, AnotherKernelThanAskedForEndsIt) {
    EXPECT_EQ(begin().code, 0);
    comes_up("5.0.0-fallback");
    const ChildResult resumed = resume();
    EXPECT_EQ(resumed.code, 2);
    EXPECT_THAT(resumed.err, HasSubstr("rebooted into 6.1.0, but 5.0.0-fallback came up"));
    EXPECT_EQ(log(), kCheck + kBoot1 + kCheck);
    EXPECT_TRUE(fs::exists(output() / "stopped"));  // what the service looks at
    EXPECT_EQ(resume().code, 0);                    // asked for by hand, it tries again
    EXPECT_FALSE(fs::exists(output() / "stopped"));
    EXPECT_EQ(log(), kCheck + kBoot1 + kCheck + kCheck + kBoot1);
}

// Else a kernel that the suite brings down, and that is the machine's default, would be measured for ever.
TEST_F(Matrix, CrashOfTheMachineEndsIt) {
    comes_up("6.1.0");
    EXPECT_EQ(::kill(std::stoi(end_in_the_run(SIGKILL)), SIGKILL), 0);
    environment.erase("FAKE_BEHAVIOUR");
    directory().write("machine/proc/sys/kernel/random/boot_id", "the-boot-after-the-crash\n");
    const ChildResult resumed = resume();
    EXPECT_EQ(resumed.code, 2);
    EXPECT_THAT(resumed.err, HasSubstr("the machine went down while it measured 6.1.0"));
    EXPECT_TRUE(fs::exists(output() / "stopped"));
    EXPECT_EQ(resume().code, 0);  // asked for by hand, it tries again
    EXPECT_THAT(log(), HasSubstr(kBoot2));
}

TEST_F(Matrix, InterruptedRunIsGoneOnWith) {
    comes_up("6.1.0");
    end_in_the_run(SIGTERM);
    EXPECT_FALSE(fs::exists(output() / "stopped"));
    environment.erase("FAKE_BEHAVIOUR");
    EXPECT_EQ(resume().code, 0);
    EXPECT_EQ(log(), kCheck + kCheck + kBoot2);
    const Json runs = Json::parse(faultline({"runs", "--json"}).out).at("runs");
    ASSERT_EQ(runs.size(), 1u) << runs;
    EXPECT_EQ(runs[0].at("state"), "complete");
}

TEST_F(Matrix, RunThatWasWholeBeforeAKillIsNotMeasuredAgain) {
    comes_up("6.1.0");
    EXPECT_EQ(begin().code, 0);
    Json state = Json::parse(*results::read_file(output() / "state.json"));
    EXPECT_EQ(state["done"], 1);
    state["done"] = 0;
    directory().write("out/state.json", state.dump());
    EXPECT_EQ(resume().code, 0);
    EXPECT_EQ(stored_runs(), 2u);  // the first again, and that of 6.2.0, which had come up
}

TEST_F(Matrix, FailedBenchmarkDoesNotEndIt) {
    comes_up("6.1.0");
    environment["FAKE_BEHAVIOUR"] = kParallel1 + "=crash";
    const ChildResult begun = begin();
    EXPECT_EQ(begun.code, 0) << begun.err;
    EXPECT_EQ(log(), kCheck + kBoot2);
    EXPECT_EQ(Json::parse(*results::read_file(output() / "state.json")).at("failed"), true);
}

TEST_F(Matrix, SystemdBootWhereThereIsNoGrub) {
    fs::remove(machine() / "boot/grub/grub.cfg");
    command_of_machine("bootctl", R"sh(
        [ "$1" = list ] && echo '[{"id": "6.1.0.conf", "version": "6.1.0"}, {"id": "6.2.0.conf", "version": "6.2.0"}]'
        [ "$1" = list ] || { echo "bootctl $*" >>log; echo "$2" >next; })sh");
    EXPECT_EQ(begin().code, 0);
    EXPECT_EQ(log(), kCheck + "bootctl set-oneshot 6.1.0.conf\nsystemctl reboot\n");
    EXPECT_EQ(resume().code, 0);
    EXPECT_THAT(log(), HasSubstr("bootctl set-oneshot 6.2.0.conf\n"));
}

TEST_F(Matrix, NothingRebootsWithoutTheService) {
    command_of_machine("systemctl", "echo \"systemctl $*\" >>log; echo disabled; exit 1");
    const ChildResult begun = begin();
    EXPECT_EQ(begun.code, 2);
    EXPECT_THAT(begun.err, HasSubstr("systemctl enable faultline-matrix.service"));
    EXPECT_EQ(log(), kCheck);
    // Else the next boot with the service would begin it, and the same command would be refused.
    EXPECT_FALSE(fs::exists(output()));
}

TEST_F(Matrix, FailedRebootIsAnError) {
    command_of_machine("grub-reboot", "echo no such entry >&2; exit 1");
    const ChildResult begun = begin();
    EXPECT_EQ(begun.code, 2);
    EXPECT_THAT(begun.err, HasSubstr("grub-reboot exited with status 1: no such entry"));
    EXPECT_THAT(log(), Not(HasSubstr("systemctl reboot")));
}

TEST_F(Matrix, BadInputIsOneLine) {
    const auto refused = [&](const std::vector<std::string>& arguments, const std::string& what) {
        std::vector<std::string> all = {"matrix", "--backend", "boot-entry", "--output", output().string()};
        all.insert(all.end(), arguments.begin(), arguments.end());
        const ChildResult result = faultline(all);
        EXPECT_EQ(result.code, 2) << what;
        EXPECT_THAT(result.err, HasSubstr(what));
        EXPECT_EQ(std::count(result.err.begin(), result.err.end(), '\n'), 1) << result.err;
    };
    refused({}, "--kernels or --resume");
    refused({"--kernels", "6.1.0"}, "two or more");
    refused({"--kernels", "6.1.0,7.7.7"}, "kernel \"7.7.7\":");
    refused({"--kernels", "6.1.0,6.1.0"}, "two kernels say that they are 6.1.0");
    refused({"--kernels", "6.1.0,6.2.0", "--suite", "none"}, "unknown suite");
    refused({"--kernels", "6.1.0,6.2.0", "--filter", "nothing"}, "leaves no benchmark");
    refused({"--kernels", "6.1.0,6.2.0", "--filter", "("}, "--filter");
    refused({"--kernels", "6.1.0,6.2.0", "--label", "a b"}, "label \"a b\"");
    refused({"--kernels", "6.1.0,6.2.0", "--label", "a/b"}, "label \"a/b\"");
    EXPECT_EQ(log(), "");
    directory().write("out/something", "");
    refused({"--kernels", "6.1.0,6.2.0"}, "not an empty directory");
    const ChildResult none = faultline({"matrix", "--resume", (root() / "none").string()});
    EXPECT_EQ(none.code, 2);
    EXPECT_THAT(none.err, HasSubstr("no kernel matrix to go on with"));
}

}  // namespace
}  // namespace faultline::runners
