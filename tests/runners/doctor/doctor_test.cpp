// Every verdict of `faultline doctor`, over trees of files that stand for machines.
#include "runners/doctor/doctor.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>
#include <zlib.h>

#include <algorithm>
#include <cerrno>

#include "tests/temporary_directory.h"

namespace faultline::runners {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

class Doctor : public testing::Test {
protected:
    Doctor() {
        facts.roots = {.proc = tree.path() / "proc",
                       .sys = tree.path() / "sys",
                       .boot = tree.path() / "boot",
                       .dev = tree.path() / "dev"};
        tree.write("proc/sys/kernel/osrelease", "6.18.0-test\n");
        facts.userfault.features = ~0ull;
    }

    Check check(const std::string& name) const {
        for (const Check& c : diagnose(facts)) {
            if (c.name == name) return c;
        }
        ADD_FAILURE() << "no check " << name;
        return {};
    }

    void expect(const std::string& name, Health health, const std::string& found) const {
        const Check c = check(name);
        EXPECT_EQ(to_string(c.health), to_string(health)) << name << ": " << c.found;
        EXPECT_THAT(c.found, HasSubstr(found));
        // What is not well comes with what to do.
        if (health == Health::kProblem) {
            EXPECT_FALSE(c.advice.empty()) << name;
        }
    }

    DeviceEntry device(const std::string& kind, std::uint32_t caps) const {
        DeviceEntry entry;
        entry.record.kind = kind;
        entry.record.name = "Some " + kind;
        entry.shared_system_caps = caps;
        return entry;
    }

    TemporaryDirectory tree;
    Facts facts;
};

TEST_F(Doctor, IntelGpu) {
    expect("intel-gpu", Health::kProblem, "no Intel GPU");
    tree.write("sys/bus/pci/devices/0000:00:02.0/vendor", "0x10de\n");
    tree.write("sys/bus/pci/devices/0000:00:02.0/class", "0x030000\n");
    tree.write("sys/bus/pci/devices/0000:00:1f.0/vendor", "0x8086\n");
    tree.write("sys/bus/pci/devices/0000:00:1f.0/class", "0x060100\n");
    expect("intel-gpu", Health::kProblem, "no Intel GPU");
    tree.write("sys/bus/pci/devices/0000:03:00.0/vendor", "0x8086\n");
    tree.write("sys/bus/pci/devices/0000:03:00.0/class", "0x038000\n");
    expect("intel-gpu", Health::kOk, "0000:03:00.0");
}

TEST_F(Doctor, KernelConfig) {
    expect("kernel-config", Health::kWarning, "boot/config-6.18.0-test");
    tree.write("boot/config-6.18.0-test", "# CONFIG_DRM_XE is not set\n");
    expect("kernel-config", Health::kProblem, "CONFIG_DRM_XE is not set");
    tree.write("boot/config-6.18.0-test", "CONFIG_DRM_XE=m\n# CONFIG_DRM_XE_GPUSVM is not set\n");
    expect("kernel-config", Health::kProblem, "CONFIG_DRM_XE_GPUSVM is not set");
    tree.write("boot/config-6.18.0-test", "CONFIG_DRM_XE=m\nCONFIG_DRM_XE_GPUSVM=y\n");
    expect("kernel-config", Health::kWarning, "CONFIG_DRM_XE_PAGEMAP is not set");
    tree.write("boot/config-6.18.0-test", "CONFIG_DRM_XE=m\nCONFIG_DRM_XE_GPUSVM=y\nCONFIG_DRM_XE_PAGEMAP=y\n");
    expect("kernel-config", Health::kOk, "boot/config-6.18.0-test");
}

TEST_F(Doctor, KernelConfigOfTheRunningKernelCompressed) {
    const std::string text = "CONFIG_DRM_XE=y\nCONFIG_DRM_XE_GPUSVM=y\nCONFIG_DRM_XE_PAGEMAP=y\n";
    gzFile file = ::gzopen((tree.path() / "proc/config.gz").c_str(), "wb");
    ASSERT_NE(file, nullptr);
    ASSERT_EQ(::gzwrite(file, text.data(), static_cast<unsigned>(text.size())), static_cast<int>(text.size()));
    ASSERT_EQ(::gzclose(file), Z_OK);
    expect("kernel-config", Health::kOk, "proc/config.gz");
}

TEST_F(Doctor, Module) {
    expect("xe-module", Health::kProblem, "not loaded");
    fs::create_directories(tree.path() / "sys/module/xe");
    expect("xe-module", Health::kOk, "loaded");
}

TEST_F(Doctor, RenderNode) {
    expect("render-node", Health::kProblem, "no render node");
    tree.write("dev/dri/card0", "");
    expect("render-node", Health::kProblem, "no render node");
    const fs::path node = tree.write("dev/dri/renderD128", "");
    expect("render-node", Health::kOk, "renderD128 can be opened");
    if (::geteuid() == 0) return;  // root opens everything
    fs::permissions(node, fs::perms::none);
    expect("render-node", Health::kProblem, "renderD128 cannot be opened by this user");
}

TEST_F(Doctor, LevelZero) {
    expect("level-zero", Health::kOk, "load");
    facts.real.intel_driver = "libze_intel_gpu.so.1: cannot open shared object file";
    expect("level-zero", Health::kProblem, "libze_intel_gpu.so.1: cannot open");
    facts.real.failure = "error while loading shared libraries: libze_loader.so.1";
    expect("level-zero", Health::kProblem, "libze_loader.so.1");
}

TEST_F(Doctor, DriverKeys) {
    expect("driver-keys", Health::kOk, "NEOReadDebugKeys=unset");
    facts.keys.shared_system_usm = "1";
    expect("driver-keys", Health::kWarning, "EnableSharedSystemUsmSupport=1");
    facts.keys.read_debug_keys = "1";
    expect("driver-keys", Health::kOk, "NEOReadDebugKeys=1");
    facts.keys.shared_system_usm = "0";
    expect("driver-keys", Health::kProblem, "EnableSharedSystemUsmSupport=0");
    facts.keys = {.read_debug_keys = "1", .shared_system_usm = "", .recoverable_faults = "0"};
    expect("driver-keys", Health::kProblem, "EnableRecoverablePageFaults=0");
}

TEST_F(Doctor, FaultsOnMalloc) {
    expect("faults-on-malloc", Health::kProblem, "no Xe GPU");
    facts.real.devices = {device("xe", 0)};
    expect("faults-on-malloc xe:0", Health::kProblem, "sharedSystemAllocCapabilities 0");
    EXPECT_THAT(check("faults-on-malloc xe:0").advice, HasSubstr("EnableSharedSystemUsmSupport=1"));
    facts.keys = {.read_debug_keys = "1", .shared_system_usm = "1", .recoverable_faults = ""};
    EXPECT_THAT(check("faults-on-malloc xe:0").advice, HasSubstr("the kernel refuses"));
    facts.real.devices = {device("xe", 15)};
    expect("faults-on-malloc xe:0", Health::kOk, "sharedSystemAllocCapabilities 0xf");
}

TEST_F(Doctor, GtCounters) {
    expect("gt-counters", Health::kProblem, "empty or closed");
    fs::create_directories(tree.path() / "sys/kernel/debug/dri/0");
    expect("gt-counters", Health::kProblem, "no dri/*/gt*/stats");
    const fs::path stats = tree.write("sys/kernel/debug/dri/0/gt0/stats", "svm_pagefault_count: 0\n");
    expect("gt-counters", Health::kOk, "gt0/stats can be read");
    if (::geteuid() == 0) return;
    fs::permissions(stats, fs::perms::none);
    expect("gt-counters", Health::kProblem, "cannot be read by this user");
}

TEST_F(Doctor, AddressWidth) {
    expect("address-width", Health::kOk, "no 5-level paging");
    tree.write("proc/cpuinfo", "flags : fpu la57 sse\n");
    tree.write("proc/cmdline", "root=/dev/sda quiet\n");
    expect("address-width", Health::kWarning, "la57");
    tree.write("proc/cmdline", "root=/dev/sda no5lvl quiet\n");
    expect("address-width", Health::kOk, "no5lvl");
}

TEST_F(Doctor, ReferenceDriver) {
    expect("reference-driver", Health::kProblem, "lists no device");
    facts.reference.failure = "no reference driver at /x";
    expect("reference-driver", Health::kProblem, "no reference driver at /x");
    facts.reference.failure.clear();
    facts.reference.devices = {device("reference", 15)};
    facts.reference.devices[0].record.policy = "xe-7.0";
    expect("reference-driver", Health::kOk, "Some reference (policy: xe-7.0");
}

TEST_F(Doctor, Userfaultfd) {
    expect("userfaultfd", Health::kOk, "userfaultfd(2)");
    facts.userfault.system_call = EPERM;
    expect("userfaultfd", Health::kOk, "/dev/userfaultfd");
    facts.userfault.device = EACCES;
    tree.write("proc/sys/vm/unprivileged_userfaultfd", "0\n");
    expect("userfaultfd", Health::kWarning, "vm.unprivileged_userfaultfd = 0, /dev/userfaultfd: Permission denied");
    EXPECT_THAT(check("userfaultfd").found, HasSubstr("EFAULT"));
    facts.userfault.user_mode_only = ENOSYS;
    expect("userfaultfd", Health::kProblem, "Function not implemented");
}

TEST_F(Doctor, UserfaultfdFeatures) {
    expect("userfaultfd-move", Health::kOk, "UFFDIO_MOVE is there");
    expect("userfaultfd-events", Health::kOk, "reported");
    facts.userfault.features = ~(1ull << 16);
    expect("userfaultfd-move", Health::kWarning, "no UFFDIO_MOVE");
    facts.userfault.features = 1;
    expect("userfaultfd-events", Health::kProblem, "does not report");
    facts.userfault = {.system_call = EPERM, .device = ENOENT, .user_mode_only = EPERM, .features = 0};
    expect("userfaultfd-move", Health::kProblem, "refused");
}

TEST_F(Doctor, Governor) {
    expect("cpu-governor", Health::kOk, "no frequency scaling");
    tree.write("sys/devices/system/cpu/cpu0/cpufreq/scaling_governor", "performance\n");
    expect("cpu-governor", Health::kOk, "performance");
    tree.write("sys/devices/system/cpu/cpu1/cpufreq/scaling_governor", "powersave\n");
    expect("cpu-governor", Health::kWarning, "performance, powersave");
}

TEST_F(Doctor, Thp) {
    expect("thp", Health::kWarning, "no transparent huge pages");
    tree.write("sys/kernel/mm/transparent_hugepage/enabled", "always madvise [never]\n");
    expect("thp", Health::kWarning, "[never]");
    tree.write("sys/kernel/mm/transparent_hugepage/enabled", "always [madvise] never\n");
    expect("thp", Health::kOk, "[madvise]");
}

TEST_F(Doctor, Load) {
    expect("load", Health::kWarning, "cannot be read");
    for (const char* cpu : {"cpu0", "cpu1", "cpu2", "cpu3", "cpufreq", "cpuidle"}) {
        fs::create_directories(tree.path() / "sys/devices/system/cpu" / cpu);
    }
    tree.write("proc/loadavg", "0.50 0.1 0.1 1/100 1234\n");
    expect("load", Health::kOk, "0.50 over the last minute on 4 CPUs");
    tree.write("proc/loadavg", "2.00 0.1 0.1 1/100 1234\n");
    expect("load", Health::kWarning, "2.00");
}

TEST_F(Doctor, OneDeviceIsEnoughToRun) {
    EXPECT_FALSE(can_run(facts));
    facts.real.devices = {device("xe", 0), device("other", 15)};
    EXPECT_FALSE(can_run(facts));
    facts.reference.devices = {device("reference", 15)};
    EXPECT_TRUE(can_run(facts));
    facts.reference.devices.clear();
    facts.real.devices = {device("xe", 1)};
    EXPECT_TRUE(can_run(facts));
}

// The attempt itself, on this machine: whatever it says, it is consistent, and full permission implies every feature
// bit that the kernel has.
TEST_F(Doctor, UserfaultfdIsTriedForReal) {
    const UserfaultFacts real = try_userfault();
    EXPECT_EQ(real.any(), real.features != 0);
    const UserfaultFacts without = try_userfault(tree.path() / "dev");
    EXPECT_EQ(without.device, ENOENT);
    EXPECT_EQ(without.system_call, real.system_call);
}

}  // namespace
}  // namespace faultline::runners
