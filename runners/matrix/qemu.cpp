#include "runners/matrix/qemu.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <thread>

#include "results/atomic_file.h"
#include "results/benchmark_report.h"
#include "results/store/import.h"
#include "runners/matrix/initramfs.h"
#include "runners/matrix/kernel.h"
#include "runners/system/interrupt.h"
#include "runners/system/subprocess.h"

namespace faultline::runners {
namespace {

namespace fs = std::filesystem;

constexpr const char* kBoot = "/boot";
constexpr const char* kMemory = "4G";  // the initramfs, the reference's VRAM and a benchmark's memory

class QemuBackend : public KernelBackend {
public:
    explicit QemuBackend(const Layout& layout) : layout_(layout) {}
    ~QemuBackend() override {
        std::error_code ignored;
        if (!initramfs_.empty()) std::filesystem::remove(initramfs_, ignored);
    }

    Expected<std::string> release_of(const std::string& kernel) override {
        FL_ASSIGN_OR_RETURN(const KernelImage image, find_kernel(kernel, kBoot));
        return image.release;
    }

    Status prepare(MatrixState& state) override {
        if (state.run.device.kind == "xe") {
            return Error{ErrorKind::kBadInput,
                         "a QEMU guest has no Xe GPU: --device reference, or --backend boot-entry"};
        }
        FL_ASSIGN_OR_RETURN(const ChildResult version,
                            run_child({.argv = {"/usr/bin/env", "qemu-system-x86_64", "--version"}}));
        if (!version.ok()) {
            return Error{ErrorKind::kUnavailable, "qemu-system-x86_64 is missing: install the package qemu-system-x86"};
        }
        if (state.accelerator != "tcg") {
            const bool usable = kvm_is_usable(state.directory);
            if (state.accelerator == "kvm" && !usable) {
                return Error{
                    ErrorKind::kUnavailable,
                    "--accelerator kvm: a guest of a few instructions did not run within a second; is /dev/kvm "
                    "there, open to this user, and not emulated itself? --accelerator tcg needs none"};
            }
            state.accelerator = usable ? "kvm" : "tcg";  // for all boots the same
            FL_RETURN_IF_ERROR(save(state));
        }
        initramfs_ = state.directory / "initramfs.cpio";
        InitramfsContent content{.run_arguments = guest_arguments(state.run), .kernel_configs = {}};
        for (const std::string& release : state.releases)
            content.kernel_configs.push_back(kBoot + ("/config-" + release));
        return build_initramfs(content, layout_, initramfs_);
    }

    Expected<Measured> measure(const MatrixStep& step, MatrixState& state) override {
        FL_ASSIGN_OR_RETURN(const KernelImage image, find_kernel(step.kernel, kBoot));
        const std::string stem = step.run.output.string();
        const QemuBoot boot{.kernel = image.path,
                            .initramfs = initramfs_,
                            .console = stem + ".console",
                            .handed = stem + ".handed",
                            .accelerator = state.accelerator,
                            .processors = std::max(1u, std::thread::hardware_concurrency())};
        const Interrupt interrupt;
        const ChildCommand command{.argv = qemu_command(boot), .time_limit = std::chrono::seconds(state.boot_limit)};
        FL_ASSIGN_OR_RETURN(const ChildResult result, run_child(command, &interrupt));
        if (interrupt.signal() != 0) return Measured{.rebooting = false, .status = 128 + interrupt.signal()};
        const auto failed = [&](const std::string& what) {
            return Error{ErrorKind::kDevice,
                         fmt::format("kernel {}: {}; its console: {}", step.release, what, boot.console.string())};
        };
        if (!result.ok()) {
            return failed(fmt::format("qemu-system-x86_64 {}{}{}", describe_end(result, command),
                                      result.err.empty() ? "" : ": ", result.err));
        }
        return take(step, boot, failed);
    }

private:
    /// The run becomes one of the store, if it is what was asked for.
    template <typename Failed>
    static Expected<Measured> take(const MatrixStep& step, const QemuBoot& boot, const Failed& failed) {
        const fs::path unpacked = step.run.output.string() + ".unpacked";
        const Expected<Handed> handed = unpack_handed(boot.handed, unpacked);
        if (!handed) return failed(handed.error().message);
        std::error_code error;
        if (!fs::exists(handed->run_directory, error)) {
            return failed(fmt::format("`faultline run` left no run, and exit status {}", handed->status));
        }
        const auto report = results::read_benchmark_report(handed->run_directory / "run.json");
        if (!report) return failed(report.error().message);
        // Before it gets its name: what has it is taken for measured.
        if (const std::string ran = report->context.value("env_kernel_release", ""); ran != step.release) {
            return failed("the guest says that it is " + ran);
        }
        fs::rename(handed->run_directory, step.run.output, error);
        if (error) return failed(fmt::format("cannot name {}: {}", step.run.output.string(), error.message()));
        fs::remove_all(unpacked, error);
        fs::remove(boot.handed, error);

        FL_ASSIGN_OR_RETURN(results::Store store,
                            results::Store::open(step.run.database, results::Database::Mode::kCreate));
        FL_ASSIGN_OR_RETURN(const results::Imported imported,
                            results::import_path(store, step.run.output, step.run.label));
        return Measured{.rebooting = false, .status = handed->status};
    }

    Layout layout_;
    fs::path initramfs_;  ///< made by prepare(), gone with this: hundreds of megabytes
};

}  // namespace

std::vector<std::string> qemu_command(const QemuBoot& boot) {
    return {"/usr/bin/env", "qemu-system-x86_64",
            "-nodefaults",  "-no-user-config",
            "-display",     "none",
            "-no-reboot",  // a panic ends QEMU
            "-accel",       boot.accelerator,
            "-cpu",         "max",
            "-smp",         std::to_string(boot.processors),
            "-m",           kMemory,
            "-kernel",      boot.kernel.string(),
            "-initrd",      boot.initramfs.string(),
            "-append",      "console=ttyS0 panic=-1",
            "-serial",      "file:" + boot.console.string(),
            "-serial",      "file:" + boot.handed.string()};
}

bool kvm_is_usable(const fs::path& scratch) {
    // mov al, 0x10; mov dx, 0x501; out dx, al; and, should that end nothing, hlt for ever.
    constexpr std::array<unsigned char, 9> kCode = {0xb0, 0x10, 0xba, 0x01, 0x05, 0xee, 0xf4, 0xeb, 0xfd};
    constexpr int kWritten = 0x10 << 1 | 1;  // what isa-debug-exit makes of the value
    std::string sector(512, '\0');
    std::copy(kCode.begin(), kCode.end(), sector.begin());
    sector.replace(510, 2, "\x55\xaa");
    const fs::path image = scratch / "probe.img";
    if (!results::write_file_atomically(image, sector)) return false;
    const Expected<ChildResult> result =
        run_child({.argv = {"/usr/bin/env", "qemu-system-x86_64", "-nodefaults", "-no-user-config", "-display", "none",
                            "-no-reboot", "-accel", "kvm", "-cpu", "max", "-drive", "format=raw,file=" + image.string(),
                            "-device", "isa-debug-exit,iobase=0x501,iosize=1"},
                   .time_limit = std::chrono::seconds(1)});
    std::error_code ignored;
    fs::remove(image, ignored);
    return result && result->end == ChildEnd::kExited && result->code == kWritten;
}

std::vector<std::string> guest_arguments(const RunOptions& run) {
    std::vector<std::string> arguments = {"--suite", run.suite, "--device", "reference"};
    const auto add = [&](const char* option, const std::string& value) {
        if (value.empty()) return;
        arguments.push_back(option);
        arguments.push_back(value);
    };
    add("--filter", run.overrides.filter);
    add("--policy", run.device.reference.policy);
    add("--model", run.device.reference.model);
    if (run.overrides.repetitions) add("--repetitions", std::to_string(*run.overrides.repetitions));
    if (run.overrides.min_time) add("--min-time", fmt::format("{}", *run.overrides.min_time));
    if (run.overrides.time_limit) add("--timeout", fmt::format("{}", *run.overrides.time_limit));
    return arguments;
}

std::unique_ptr<KernelBackend> make_qemu_backend(const Layout& layout) { return std::make_unique<QemuBackend>(layout); }

}  // namespace faultline::runners
