#include "runners/system/run_environment.h"

#include <gtest/gtest.h>

#include "tests/temporary_directory.h"

namespace faultline::runners {
namespace {

using results::Json;

TEST(RunEnvironment, NamesWhatSlowsAKernelDown) {
    const TemporaryDirectory root;
    root.write("proc/sys/kernel/osrelease", "6.19.0-rc1\n");
    root.write("boot/config-6.19.0-rc1",
               "CONFIG_SLUB=y\nCONFIG_KASAN=y\n# CONFIG_DEBUG_VM is not set\nCONFIG_PROVE_LOCKING=y\n");
    EXPECT_EQ(kernel_facts(root.path() / "boot", root.path() / "proc"),
              Json({{"env_kernel_release", "6.19.0-rc1"}, {"env_kernel_debug", "PROVE_LOCKING,KASAN"}}));
    root.write("boot/config-6.19.0-rc1", "CONFIG_SLUB=y\n");
    EXPECT_EQ(kernel_facts(root.path() / "boot", root.path() / "proc")["env_kernel_debug"], "none");
}

TEST(RunEnvironment, AKernelWithoutConfigurationIsNotCalledClean) {
    const TemporaryDirectory root;
    root.write("proc/sys/kernel/osrelease", "6.19.0-rc1\n");
    EXPECT_EQ(kernel_facts(root.path() / "boot", root.path() / "proc"), Json({{"env_kernel_release", "6.19.0-rc1"}}));
    EXPECT_EQ(boot_id(root.path() / "proc"), "");
}

TEST(RunEnvironment, TakesTheFirmwareOfTheDeviceThatWasAskedFor) {
    const TemporaryDirectory root;
    root.write("module/xe/srcversion", "ABCDEF0123456789\n");
    root.write("kernel/debug/dri/0/name", "xe dev=0000:03:00.0 unique=0000:03:00.0\n");
    root.write("kernel/debug/dri/0/gt0/uc/guc_info",
               "GuC firmware: xe/bmg_guc_70.bin\n\tstatus: RUNNING\n\twanted release version 70.29.2\n"
               "\tfound release version 70.44.1\n\tfound compatibility version 1.23.1\n");
    root.write("kernel/debug/dri/1/name", "xe dev=0000:04:00.0 unique=0000:04:00.0\n");
    root.write("kernel/debug/dri/1/tile0/gt0/uc/guc_info",
               "GuC firmware: i915/pvc_guc_70.bin\n\tstatus: RUNNING\n\tversion: wanted 70.5, found 70.20\n");
    EXPECT_EQ(xe_facts(root.path(), "0000:03:00.0"),
              Json({{"env_xe_srcversion", "ABCDEF0123456789"}, {"env_xe_guc", "70.44.1"}}));
    EXPECT_EQ(xe_facts(root.path(), "0000:04:00.0")["env_xe_guc"], "70.20");
    EXPECT_FALSE(xe_facts(root.path(), "0000:05:00.0").contains("env_xe_guc"));
    EXPECT_FALSE(xe_facts(root.path(), "").contains("env_xe_guc"));
}

}  // namespace
}  // namespace faultline::runners
