// Each thing that makes a machine unfit is found, and nothing is found on one that is quiet.
#include "runners/system/fitness.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "tests/temporary_directory.h"

namespace faultline::runners {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class Fitness : public testing::Test {
protected:
    Fitness() {
        directory_.write("proc/loadavg", "0.10 0.20 0.30 1/100 1234\n");
        for (int cpu = 0; cpu < 4; ++cpu) governor(cpu, "performance");
        directory_.write("sys/kernel/mm/transparent_hugepage/enabled", "always [madvise] never\n");
    }

    void governor(int cpu, const std::string& name) {
        directory_.write(fmt::format("sys/devices/system/cpu/cpu{}/cpufreq/scaling_governor", cpu), name + "\n");
    }
    void process(int id, const std::string& name, int ticks, int start = 5) {
        directory_.write(
            fmt::format("proc/{}/stat", id),
            fmt::format("{} ({}) R 1 1 1 0 -1 0 0 0 0 0 {} 0 0 0 20 0 1 0 {} 0 0\n", id, name, ticks, start));
    }
    SystemRoots roots() const { return {.proc = directory_.path() / "proc", .sys = directory_.path() / "sys"}; }
    /// The files belong to whoever runs the test: another user asks.
    OthersWork others() const { return OthersWork::now(roots(), ::getuid() + 1); }
    std::vector<std::string> found() const { return unfitness(roots(), others(), others()); }

    TemporaryDirectory directory_;
};

TEST_F(Fitness, AQuietMachineIsFit) { EXPECT_THAT(found(), IsEmpty()); }

TEST_F(Fitness, TheGovernorAndTheLoadAreNamed) {
    governor(2, "powersave");
    EXPECT_THAT(found(), ElementsAre(testing::AllOf(HasSubstr("cpu-governor: "), HasSubstr("powersave"))));
    governor(2, "performance");
    directory_.write("proc/loadavg", "2.50 0.20 0.30 1/100 1234\n");
    EXPECT_THAT(found(), ElementsAre(HasSubstr("load: 2.50 over the last minute on 4 CPUs")));
}

TEST_F(Fitness, AProcessorThatIsCooledIsSlow) {
    directory_.write("sys/class/thermal/cooling_device0/type", "Fan\n");
    directory_.write("sys/class/thermal/cooling_device0/cur_state", "3\n");
    directory_.write("sys/class/thermal/cooling_device1/type", "Processor\n");
    directory_.write("sys/class/thermal/cooling_device1/cur_state", "0\n");
    EXPECT_THAT(found(), IsEmpty());
    directory_.write("sys/class/thermal/cooling_device1/cur_state", "2\n");
    EXPECT_THAT(found(), ElementsAre(HasSubstr("thermal: the processors are slowed down by Processor")));
}

TEST_F(Fitness, BusyProcessesOfOtherUsersAreNamed) {
    process(10, "a (b) c", 100);
    process(11, "idle", 100);
    OthersWork before = others();
    before.taken -= std::chrono::seconds(1);
    process(10, "a (b) c", 150);
    EXPECT_THAT(unfitness(roots(), before, others()), ElementsAre(HasSubstr("other-users: 1 busy: a (b) c")));
    // Its own processes are no others.
    EXPECT_THAT(unfitness(roots(), before, OthersWork::now(roots(), ::getuid())), IsEmpty());
    // Another process under the same number.
    process(10, "new", 150, 6);
    EXPECT_THAT(unfitness(roots(), before, others()), IsEmpty());
}

}  // namespace
}  // namespace faultline::runners
