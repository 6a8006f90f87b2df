// The parts of the kernel matrix that need no boot.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <string>

#include "results/atomic_file.h"
#include "runners/matrix/boot_entry.h"
#include "runners/matrix/initramfs.h"
#include "runners/matrix/kernel.h"
#include "runners/matrix/qemu.h"
#include "runners/matrix/state.h"
#include "runners/matrix/table.h"
#include "runners/system/subprocess.h"
#include "tests/temporary_directory.h"

namespace faultline::runners {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsSupersetOf;

/// The beginning of a kernel image as the boot protocol has it, with its version text at 0x300.
std::string image_of(const std::string& version) {
    std::string image(0x300, '\0');
    image.replace(0x202, 4, "HdrS");
    image[0x20e] = '\0';
    image[0x20f] = 1;
    return image + version + std::string(1, '\0') + std::string(64, 'x');
}

TEST(MatrixKernel, ReleaseIsReadFromTheImage) {
    EXPECT_EQ(release_in(image_of("6.12.1-rc3+ (a@b) #1 SMP")), "6.12.1-rc3+");
    EXPECT_EQ(release_in(image_of("6.1.0")), "6.1.0");
}

TEST(MatrixKernel, OtherFilesHaveNoRelease) {
    EXPECT_EQ(release_in(""), "");
    EXPECT_EQ(release_in(std::string(0x10000, 'x')), "");
    std::string beyond = image_of("6.1.0");
    beyond[0x20f] = '\x70';
    EXPECT_EQ(release_in(beyond), "");
}

TEST(MatrixKernel, FoundByReleaseAndByPath) {
    const TemporaryDirectory boot;
    const fs::path image = boot.write("vmlinuz-6.9.0", image_of("6.9.0 (a@b)"));
    const auto by_release = find_kernel("6.9.0", boot.path());
    ASSERT_TRUE(by_release.ok()) << by_release.error().message;
    EXPECT_EQ(by_release->path, image);
    const auto by_path = find_kernel(image.string(), "/nowhere");
    ASSERT_TRUE(by_path.ok()) << by_path.error().message;
    EXPECT_EQ(by_path->release, "6.9.0");
}

TEST(MatrixKernel, UnknownOneIsAnErrorThatNamesWhatThereIs) {
    const TemporaryDirectory boot;
    boot.write("vmlinuz-6.9.0", "not an image");
    const auto unknown = find_kernel("6.8.0", boot.path());
    ASSERT_FALSE(unknown.ok());
    EXPECT_THAT(unknown.error().message, HasSubstr("has 6.9.0"));
    const auto no_image = find_kernel("6.9.0", boot.path());
    ASSERT_FALSE(no_image.ok());
    EXPECT_THAT(no_image.error().message, HasSubstr("no x86 kernel image"));
}

TEST(Initramfs, LibrariesOfLdd) {
    const auto libraries = libraries_in(
        "\tlinux-vdso.so.1 (0x00007ffd)\n"
        "\tlibfmt.so.9 => /lib/x86_64-linux-gnu/libfmt.so.9 (0x00007f2c)\n"
        "\t/lib64/ld-linux-x86-64.so.2 (0x00007f2d)\n");
    ASSERT_TRUE(libraries.ok());
    EXPECT_THAT(*libraries, ElementsAre("/lib/x86_64-linux-gnu/libfmt.so.9", "/lib64/ld-linux-x86-64.so.2"));
    EXPECT_FALSE(libraries_in("\tlibgone.so.1 => not found\n").ok());
}

/// What a guest would hand back.
fs::path archive_in(const TemporaryDirectory& directory) {
    directory.write("out/status", "1\n");
    directory.write("out/run/run.json", std::string(100000, 'x'));
    const fs::path archive = directory.path() / "handed";
    const auto packed = run_child(
        {.argv = {"/usr/bin/env", "tar", "-C", (directory.path() / "out").string(), "-czf", archive.string(), "."}});
    EXPECT_TRUE(packed.ok() && packed->ok());
    return archive;
}

TEST(Initramfs, HandedArchiveIsUnpacked) {
    const TemporaryDirectory directory;
    const auto handed = unpack_handed(archive_in(directory), directory.path() / "unpacked");
    ASSERT_TRUE(handed.ok()) << handed.error().message;
    EXPECT_EQ(handed->status, 1);
    EXPECT_TRUE(fs::exists(handed->run_directory / "run.json"));
}

TEST(Initramfs, CutArchiveIsAnError) {
    const TemporaryDirectory directory;
    const fs::path archive = archive_in(directory);
    fs::resize_file(archive, fs::file_size(archive) - 4);
    EXPECT_FALSE(unpack_handed(archive, directory.path() / "unpacked").ok());
    directory.write("handed", "");
    EXPECT_FALSE(unpack_handed(archive, directory.path() / "unpacked").ok());
}

constexpr std::string_view kGrub = R"cfg(
menuentry 'Debian GNU/Linux' --class os $menuentry_id_option 'gnulinux-simple-77aa' {
	linux	/boot/vmlinuz-6.12.1 root=UUID=77aa ro
}
submenu 'Advanced options' $menuentry_id_option 'gnulinux-advanced-77aa' {
	menuentry 'Linux 6.12.1-rt' --class os $menuentry_id_option 'gnulinux-6.12.1-rt-advanced-77aa' {
	}
	menuentry 'Linux 6.12.1 (recovery mode)' --class os $menuentry_id_option 'gnulinux-6.12.1-recovery-77aa' {
		linux	/boot/vmlinuz-6.12.1 root=UUID=77aa ro single
	}
	menuentry 'Linux 6.12.1' --class os $menuentry_id_option 'gnulinux-6.12.1-advanced-77aa' {
		linux	/boot/vmlinuz-6.12.1 root=UUID=77aa ro
	}
}
menuentry 'Linux 6.1.0, alone' --class os $menuentry_id_option 'gnulinux-6.1.0-advanced-77aa' {
}
)cfg";

TEST(BootEntry, GrubEntryOfARelease) {
    EXPECT_EQ(grub_entry(kGrub, "6.12.1"), "gnulinux-advanced-77aa>gnulinux-6.12.1-advanced-77aa");
    EXPECT_EQ(grub_entry(kGrub, "6.12.1-rt"), "gnulinux-advanced-77aa>gnulinux-6.12.1-rt-advanced-77aa");
    EXPECT_EQ(grub_entry(kGrub, "6.1.0"), "gnulinux-6.1.0-advanced-77aa");
    EXPECT_EQ(grub_entry(kGrub, "6.12"), "");
    EXPECT_EQ(grub_entry("", "6.12.1"), "");
}

TEST(BootEntry, BootctlEntryOfARelease) {
    const std::string list = R"([{"type": "auto", "id": "auto-reboot"},
        {"id": "aa-6.12.1.conf", "version": "6.12.1"}, {"id": "aa-6.1.0.conf", "version": "6.1.0"}])";
    EXPECT_EQ(bootctl_entry(list, "6.1.0"), "aa-6.1.0.conf");
    EXPECT_EQ(bootctl_entry(list, "6.1"), "");
    EXPECT_EQ(bootctl_entry("no JSON", "6.1.0"), "");
}

TEST(MatrixQemu, GuestRunsWhatWasAskedFor) {
    RunOptions run;
    run.suite = "fault";
    run.overrides.filter = "a b|c";
    run.overrides.repetitions = 3;
    run.overrides.min_time = 0.01;
    EXPECT_THAT(guest_arguments(run), ElementsAre("--suite", "fault", "--device", "reference", "--filter", "a b|c",
                                                  "--repetitions", "3", "--min-time", "0.01"));
}

TEST(MatrixState, ComesBackAsItWasSaved) {
    const TemporaryDirectory directory;
    MatrixState state;
    state.directory = directory.path();
    state.backend = "boot-entry";
    state.accelerator = "tcg";
    state.boot_limit = 7;
    state.label = "night";
    state.kernels = {"6.1.0", "/images/bzImage"};
    state.releases = {"6.1.0", "6.2.0"};
    state.boots = 5;
    state.run.overrides.filter = "first_touch";
    state.run.database = "/somewhere/faultline.db";
    state.min_effect = 0.1;
    state.done = 3;
    state.failed = true;
    state.rebooted_from = "abc";
    state.measuring_in = "def";
    ASSERT_TRUE(save(state).ok());
    const auto loaded = load_matrix_state(directory.path());
    ASSERT_TRUE(loaded.ok()) << loaded.error().message;
    EXPECT_EQ(loaded->backend, state.backend);
    EXPECT_EQ(loaded->accelerator, state.accelerator);
    EXPECT_EQ(loaded->boot_limit, state.boot_limit);
    EXPECT_EQ(loaded->kernels, state.kernels);
    EXPECT_EQ(loaded->label_of(1), "night@6.2.0");
    EXPECT_EQ(loaded->steps(), 10u);
    EXPECT_EQ(loaded->next_kernel(), 1u);
    EXPECT_EQ(loaded->run.overrides.filter, "first_touch");
    EXPECT_EQ(loaded->run.database, "/somewhere/faultline.db");
    EXPECT_EQ(loaded->rebooted_from, "abc");
    EXPECT_EQ(loaded->measuring_in, "def");
    EXPECT_EQ(loaded->min_effect, 0.1);
    EXPECT_TRUE(loaded->failed);
}

TEST(MatrixState, DamagedOneIsRefused) {
    const TemporaryDirectory directory;
    EXPECT_FALSE(load_matrix_state(directory.path()).ok());
    for (const char* text : {"", "{}", "[1]", R"({"backend": 1})"}) {
        directory.write("state.json", text);
        EXPECT_FALSE(load_matrix_state(directory.path()).ok()) << text;
    }
}

results::Comparison comparison_of(double median_b, results::Verdict verdict) {
    results::ComparedMetric row;
    row.benchmark = "fault/x";
    row.metric = metric_of("real_time");
    row.verdict = verdict;
    row.median_a = 1000;
    row.median_b = median_b;
    results::Comparison comparison;
    comparison.rows.push_back(row);
    return comparison;
}

TEST(MatrixTable, OneColumnAKernel) {
    EXPECT_EQ(matrix_table({"6.1", "6.2", "6.3"}, {comparison_of(1100, results::Verdict::kWorse),
                                                   comparison_of(1000, results::Verdict::kSame)}),
              "| benchmark | metric    | 6.1     | 6.2          | 6.3        |\n"
              "|-----------|-----------|---------|--------------|------------|\n"
              "| fault/x   | real_time | 1.000us | +10.0% worse | +0.0% same |\n");
}

}  // namespace
}  // namespace faultline::runners
